package sys

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// We have what it opens; what it unshares is its own.
func TestAside(t *testing.T) {
	ours, err := os.Readlink("/proc/self/ns/uts")
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		t.Skip("only root may make namespaces")
	}
	for range 200 {
		var program Program
		program.Must("unshare", "CLONE_NEWUTS", unix.SYS_UNSHARE, unix.CLONE_NEWUTS)
		at := unix.AT_FDCWD
		program.Must("openat", "its namespace", unix.SYS_OPENAT, uintptr(at), program.String("/proc/self/ns/uts"), unix.O_RDONLY|unix.O_CLOEXEC)
		aside, err := StartAside(&program)
		if err != nil {
			t.Fatal(err)
		}
		runtime.GC() // the program does not move
		opened, err := aside.Wait()
		if err != nil {
			t.Fatal(err)
		}
		made, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(int(opened)))
		unix.Close(int(opened))
		if now, _ := os.Readlink("/proc/thread-self/ns/uts"); err != nil || made == ours || now != ours {
			t.Fatalf("it made %q, %v; we are in %s and were in %s", made, err, now, ours)
		}
	}
	if _, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); err != unix.ECHILD {
		t.Errorf("a process is left: %v", err)
	}
}

func TestAsideNamesTheCallThatFailed(t *testing.T) {
	var program Program
	program.May("close", unix.SYS_CLOSE, 1<<20) // fails, without consequences
	at := unix.AT_FDCWD
	program.Must("openat", "/nonexistent", unix.SYS_OPENAT, uintptr(at), program.String("/nonexistent"), unix.O_RDONLY)
	aside, err := StartAside(&program)
	if err != nil {
		t.Fatal(err)
	}
	_, err = aside.Wait()
	var failed *fs.PathError
	if !errors.As(err, &failed) || failed.Op != "openat" || failed.Path != "/nonexistent" || failed.Err != unix.ENOENT {
		t.Fatalf("error %v", err)
	}
}

// If it is killed, nothing that it did can be relied on.
func TestAsideThatIsKilled(t *testing.T) {
	var program Program
	program.Must("ppoll", "", unix.SYS_PPOLL, 0, 0, Value(&program, unix.Timespec{Sec: 60}), 0, 0)
	aside, err := StartAside(&program)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Kill(int(aside.pid), unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if _, err := aside.Wait(); err == nil || !strings.HasSuffix(err.Error(), "was ended: SIGKILL") {
		t.Errorf("error %v", err)
	}
}
