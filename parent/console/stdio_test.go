package console

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

const mapped = 100_000 // the program's user, outside

func TestStdioGivesToProgramsUser(t *testing.T) {
	requireRoot(t)
	reader, writer := pipe(t)
	for _, c := range []struct {
		name string
		file *os.File
	}{
		{"end of a pipe", reader},
		{"other end of a pipe", writer},
		{"regular file", regular(t)},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := status(t, c.file)
			if err := Stdio(mapped, descriptor(c.file)); err != nil {
				t.Fatal(err)
			}
			after := status(t, c.file)
			if after.Uid != mapped {
				t.Errorf("owner %d, want %d", after.Uid, mapped)
			}
			if after.Gid != before.Gid {
				t.Errorf("group went from %d to %d", before.Gid, after.Gid)
			}
		})
		// Both ends of a pipe are one inode.
		if err := c.file.Chown(os.Geteuid(), -1); err != nil {
			t.Fatal(err)
		}
	}
}

// The purpose: a process that is not the owner reopens its own output.
func TestStdioLetsProgramsUserReopen(t *testing.T) {
	requireRoot(t)
	reopen := func(output *os.File) ([]byte, error) {
		command := exec.Command("/bin/sh", "-c", "echo opened > /proc/self/fd/1")
		command.Dir = "/"
		command.Stdout = output
		var said strings.Builder
		command.Stderr = &said
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: mapped, Gid: mapped}}
		err := command.Run()
		return []byte(said.String()), err
	}
	reader, writer := pipe(t)
	if said, err := reopen(writer); err == nil {
		t.Fatalf("before Stdio the pipe could be opened: %s", said)
	}
	if err := Stdio(mapped, descriptor(reader), descriptor(writer)); err != nil {
		t.Fatal(err)
	}
	if said, err := reopen(writer); err != nil {
		t.Fatalf("after Stdio the pipe could not be opened: %v: %s", err, said)
	}
	text := make([]byte, 64)
	n, err := reader.Read(text)
	if got := string(text[:n]); err != nil || got != "opened\n" {
		t.Fatalf("read %q, %v", got, err)
	}
}

func TestStdioLeavesAlone(t *testing.T) {
	requireRoot(t)
	open := func(path string) *os.File {
		file, err := os.OpenFile(path, os.O_RDONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { file.Close() })
		return file
	}
	_, slave := openPTY(t)
	foreign := regular(t)
	if err := foreign.Chown(4711, 4711); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		file *os.File
	}{
		{"null device", open("/dev/null")},
		{"another device", open("/dev/zero")},
		{"terminal", slave},
		{"directory", open(t.TempDir())},
		{"file that can only be read", open(regular(t).Name())},
		{"socket", socket(t)},
		{"somebody else's file", foreign},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := status(t, c.file)
			// If its owner was changed, change it back before reporting anything.
			err := Stdio(mapped, descriptor(c.file))
			after := status(t, c.file)
			if after.Uid != before.Uid {
				c.file.Chown(int(before.Uid), int(before.Gid))
			}
			if err != nil || after.Uid != before.Uid || after.Ctim != before.Ctim {
				t.Errorf("%v; owner went from %d to %d", err, before.Uid, after.Uid)
			}
		})
	}
}

func TestStdioAcceptsFilesThatKeepTheirOwner(t *testing.T) {
	requireRoot(t)
	for _, c := range []struct {
		name string
		keep func(t *testing.T, file *os.File) *os.File
		want error
	}{
		{"without the capability", withoutChown, unix.EPERM},
		{"on a read-only mount", readOnlyMount, unix.EROFS},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := c.keep(t, regular(t))
			if err := unix.Fchown(descriptor(file), mapped, -1); !errors.Is(err, c.want) {
				t.Fatalf("fchown: %v, want %v", err, c.want)
			}
			if err := Stdio(mapped, descriptor(file)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestStdioRefusesClosedDescriptor(t *testing.T) {
	err := Stdio(mapped, 1<<20)
	if !errors.Is(err, unix.EBADF) || !strings.Contains(err.Error(), "descriptor 1048576") {
		t.Fatalf("got %v", err)
	}
}

func TestDescriptors(t *testing.T) {
	_, writer := pipe(t)
	null, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	command := exec.Command("/bin/sh", "-c", "exec sleep 60 2>&-")
	command.Stdin, command.Stdout = null, writer
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	stop := func() { command.Process.Kill(); command.Wait() }
	defer stop()

	link, err := os.Readlink(fdPath(descriptor(writer)))
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprint([]string{"/dev/null", link, ""})
	eventually(t, "its descriptors are "+want, func() bool {
		got, err := Descriptors(command.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(got) == want
	})

	stop()
	if got, err := Descriptors(command.Process.Pid); !errors.Is(err, unix.ESRCH) {
		t.Errorf("of an ended process: %q, %v, want %v", got, err, unix.ESRCH)
	}
}

func fdPath(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

func status(t *testing.T, file *os.File) unix.Stat_t {
	t.Helper()
	var got unix.Stat_t
	if err := unix.Fstat(descriptor(file), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func pipe(t *testing.T) (reader, writer *os.File) {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close(); writer.Close() })
	return reader, writer
}

func regular(t *testing.T) *os.File {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func socket(t *testing.T) *os.File {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "socket")
	t.Cleanup(func() { file.Close() })
	return file
}

// withoutChown removes CAP_CHOWN from the test's thread, which is discarded with it.
func withoutChown(t *testing.T, file *os.File) *os.File {
	t.Helper()
	runtime.LockOSThread()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		t.Fatal(err)
	}
	sets[0].Effective &^= 1 << unix.CAP_CHOWN
	if err := unix.Capset(&header, &sets[0]); err != nil {
		t.Fatal(err)
	}
	return file
}

// readOnlyMount opens the file through a read-only mount that is attached nowhere.
func readOnlyMount(t *testing.T, file *os.File) *os.File {
	t.Helper()
	tree, err := unix.OpenTree(unix.AT_FDCWD, filepath.Dir(file.Name()), unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(tree)
	err = unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Openat(tree, filepath.Base(file.Name()), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	opened := os.NewFile(uintptr(fd), "read-only")
	t.Cleanup(func() { opened.Close() })
	return opened
}

func requireRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() == 0 {
		return
	}
	if os.Getenv("FSRUN_GUEST") == "1" {
		t.Fatal("the guest's tests run as root")
	}
	t.Skip("needs root, to give files away")
}
