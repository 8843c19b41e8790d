package mountfd

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

func TestOpenEnter(t *testing.T) {
	privateMounts(t) // for the privilege to make the other process's
	command := exec.Command("/bin/sleep", "60")
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS, Pdeathsig: unix.SIGKILL}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	stop := func() { command.Process.Kill(); command.Wait() }
	defer stop()
	process := process(t, command.Process.Pid)

	namespace, err := Open(&protocol.Enter{}, process)
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, namespace)
	var got, want unix.Stat_t
	if err := unix.Fstat(namespace, &got); err != nil {
		t.Fatal(err)
	}
	if err := unix.Stat(fmt.Sprintf("/proc/%d/ns/mnt", command.Process.Pid), &want); err != nil {
		t.Fatal(err)
	}
	if got.Ino != want.Ino || got.Dev != want.Dev {
		t.Errorf("opened namespace %d, want %d", got.Ino, want.Ino)
	}

	for _, state := range []string{"zombie", "reaped"} {
		t.Run(state, func(t *testing.T) {
			if state == "zombie" {
				command.Process.Kill()
				unix.Poll([]unix.PollFd{{Fd: int32(process.Pidfd), Events: unix.POLLIN}}, 10_000)
			} else {
				stop()
			}
			fd, err := Open(&protocol.Enter{}, process)
			if err == nil {
				unix.Close(fd)
				t.Fatal("the namespace of an ended process was opened")
			}
			if !errors.Is(err, unix.ESRCH) {
				t.Errorf("got %v, want %v", err, unix.ESRCH)
			}
		})
	}
}

func TestStartTime(t *testing.T) {
	zeros := strings.Repeat(" 0", 18)
	for _, c := range []struct {
		stat string
		want uint64
		fine bool
	}{
		{"7 (sh) S" + zeros + " 4711 0 0\n", 4711, true},
		{"7 (a) R 1 (b) S" + zeros + " 4711 0 0\n", 4711, true},
		{"7 () S" + zeros + " 18446744073709551615", 18446744073709551615, true},
		{"7 (sh) S" + zeros, 0, false},
		{"7 (sh) S" + zeros + " -1 0", 0, false},
		{"", 0, false},
	} {
		got, err := startTime(c.stat)
		if (err == nil) != c.fine || got != c.want {
			t.Errorf("startTime(%q) = %d, %v, want %d", c.stat, got, err, c.want)
		}
	}
}

func thisProcess(t *testing.T) Process {
	t.Helper()
	return process(t, os.Getpid())
}

func process(t *testing.T, pid int) Process {
	t.Helper()
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	start, err := startTime(string(stat))
	if err != nil {
		t.Fatal(err)
	}
	return Process{Pidfd: closeLater(t, pidfd), Start: start}
}
