package mountfd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

func TestOpenBind(t *testing.T) {
	for _, c := range []struct {
		name      string
		recursive bool
		below     bool // whether what is mounted below the source is there
	}{
		{"bind", false, false},
		{"recursive bind", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			privateMounts(t)
			source := filepath.Join(t.TempDir(), "source")
			mountTmpfs(t, source)
			write(t, source, "above")
			mountTmpfs(t, filepath.Join(source, "sub"))
			write(t, source, "sub", "below")
			link := filepath.Join(t.TempDir(), "link")
			if err := os.Symlink(source, link); err != nil {
				t.Fatal(err)
			}

			tree, err := Open(&protocol.Bind{Source: link, Recursive: c.recursive, ByParent: true}, Process{})
			if err != nil {
				t.Fatal(err)
			}
			closeLater(t, tree)
			if flags, err := unix.FcntlInt(uintptr(tree), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
				t.Errorf("not close-on-exec: %#x, %v", flags, err)
			}
			target := attach(t, tree)
			if _, err := os.Stat(filepath.Join(target, "above")); err != nil {
				t.Error(err)
			}
			_, err = os.Stat(filepath.Join(target, "sub", "below"))
			if got := err == nil; got != c.below {
				t.Errorf("the mount below is there: %v, want %v", got, c.below)
			}
		})
	}
}

func TestOpenBindAppliesNothing(t *testing.T) {
	privateMounts(t)
	source := t.TempDir()
	tree, err := Open(&protocol.Bind{
		Source: source, ByParent: true,
		Set: unix.MOUNT_ATTR_RDONLY, RecursiveSet: unix.MOUNT_ATTR_NOEXEC, Propagation: unix.MS_SHARED,
	}, Process{})
	if err != nil {
		t.Fatal(err)
	}
	closeLater(t, tree)
	var before, after unix.Statfs_t
	if err := errors.Join(unix.Statfs(source, &before), unix.Fstatfs(tree, &after)); err != nil {
		t.Fatal(err)
	}
	if before.Flags != after.Flags {
		t.Errorf("mount flags %#x, want those of the source, %#x", after.Flags, before.Flags)
	}
}

func TestOpenRefuses(t *testing.T) {
	privateMounts(t) // open_tree needs privileges
	self := thisProcess(t)
	for _, c := range []struct {
		name    string
		op      protocol.Op
		process Process
		text    string
		errno   syscall.Errno
	}{
		{"nothing", nil, self, "the parent opens nothing for no operation", 0},
		{"bind by the child", &protocol.Bind{Source: "/", Destination: "/a"}, self, "the parent opens nothing for bind / on /a", 0},
		{"device", &protocol.Device{Path: "/dev/sda", Type: "b"}, self, "the parent opens nothing for device /dev/sda", 0},
		{"execute", &protocol.Execute{}, self, "the parent opens nothing for execute", 0},
		{"relative source", &protocol.Bind{Source: "etc", ByParent: true}, self, `the source "etc" of a bind mount is not absolute`, 0},
		{"missing source", &protocol.Bind{Source: "/no/such", ByParent: true}, self, "open_tree /no/such: no such file or directory", unix.ENOENT},
		{"source beneath a file", &protocol.Bind{Source: "/proc/version/x", ByParent: true}, self, "not a directory", unix.ENOTDIR},
		{"NUL in the source", &protocol.Bind{Source: "/a\x00b", ByParent: true}, self, "invalid argument", unix.EINVAL},
		{"no process", &protocol.Enter{}, Process{}, "no process was given", 0},
		{"not a pidfd", &protocol.Enter{}, Process{Pidfd: nullDevice(t), Start: self.Start}, "is not a pidfd", 0},
		{"closed pidfd", &protocol.Enter{}, Process{Pidfd: 1 << 20, Start: self.Start}, "no such file", unix.ENOENT},
		{"another start time", &protocol.Enter{}, Process{Pidfd: self.Pidfd, Start: self.Start + 1}, "its number was given to another one", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			fd, err := Open(c.op, c.process)
			if err == nil {
				unix.Close(fd)
				t.Fatal("it was opened")
			}
			var fault *protocol.Fault
			if !errors.As(err, &fault) || fault.Code != protocol.CodeOpen || fault.Errno != c.errno {
				t.Errorf("got %#v, want an open fault with errno %d", err, c.errno)
			}
			if !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %q, want %q in it", err, c.text)
			}
		})
	}
}

func TestAnswer(t *testing.T) {
	privateMounts(t) // open_tree needs privileges
	source := t.TempDir()
	write(t, source, "file")
	at := func(path string) protocol.Origin { return protocol.Origin{At: path} }
	plan := []protocol.Op{
		&protocol.Hostname{Name: "host"},
		&protocol.Bind{Origin: at("mounts[0]"), Source: source, Destination: "/a", ByParent: true},
		&protocol.Bind{Origin: at("mounts[1]"), Source: source, Destination: "/b"},
		&protocol.Bind{Origin: at("mounts[2]"), Source: filepath.Join(source, "file"), Destination: "/c", ByParent: true},
		&protocol.Bind{Origin: at("mounts[3]"), Source: filepath.Join(source, "none"), Destination: "/d", ByParent: true},
	}
	before := nextDescriptor(t)

	got, err := Answer(&protocol.OpenRequest{Ops: []uint32{1, 3}}, plan, nil, Process{})
	if err != nil {
		t.Fatal(err)
	}
	var directory, file unix.Stat_t
	if err := errors.Join(unix.Fstat(got[0], &directory), unix.Fstat(got[1], &file)); err != nil {
		t.Fatal(err)
	}
	if directory.Mode&unix.S_IFMT != unix.S_IFDIR || file.Mode&unix.S_IFMT != unix.S_IFREG {
		t.Errorf("modes %#o and %#o, want a directory and a file", directory.Mode, file.Mode)
	}
	for _, fd := range got {
		unix.Close(fd)
	}

	many := slices.Repeat([]uint32{1}, protocol.MaxDescriptors+1)
	for _, c := range []struct {
		name string
		ops  []uint32
		text string
	}{
		{"beyond the plan", []uint32{1, 5}, "operation 5 was asked for: the plan has 5"},
		{"far beyond the plan", []uint32{1<<32 - 1}, "operation 4294967295 was asked for"},
		{"twice", []uint32{1, 3, 1}, "operation 1 was asked for twice"},
		{"not the parent's", []uint32{1, 2}, "the parent opens nothing for bind"},
		{"not openable", []uint32{0}, "the parent opens nothing for hostname"},
		{"missing source", []uint32{1, 3, 4}, "open_tree " + source + "/none: no such file"},
		{"too many", many, "65 operations in one request: allowed are 64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			// A subtest runs on another thread, which makes no difference for refusals.
			fds, err := Answer(&protocol.OpenRequest{Ops: c.ops}, plan, nil, Process{})
			if fds != nil || err == nil || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v, %v, want an error with %q", fds, err, c.text)
			}
		})
	}
	_, err = Answer(&protocol.OpenRequest{Ops: []uint32{1, 4}}, plan, nil, Process{})
	var fault *protocol.Fault
	if !errors.As(err, &fault) {
		t.Fatalf("got %v, want a fault", err)
	}
	if want := protocol.Describe(plan[4], 4); fault.Op != want || fault.Path != "mounts[3]" {
		t.Errorf("the fault is of %q (%s), want %q (mounts[3])", fault.Op, fault.Path, want)
	}
	if after := nextDescriptor(t); after != before {
		t.Errorf("the lowest free descriptor went from %d to %d", before, after)
	}
}

func nullDevice(t *testing.T) int {
	t.Helper()
	fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	return closeLater(t, fd)
}

func FuzzStartTime(f *testing.F) {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(stat))
	f.Add(fmt.Sprintf("1 (a) b) R%s 4711 0", strings.Repeat(" 0", 18)))
	f.Add("1 (cut")
	f.Fuzz(func(t *testing.T, stat string) {
		start, err := startTime(stat)
		if err != nil && start != 0 && start != 1<<64-1 {
			t.Errorf("%d beside %v", start, err)
		}
	})
}
