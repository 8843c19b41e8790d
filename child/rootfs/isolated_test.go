package rootfs

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/fsrun/fsrun/protocol"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// bundle is a directory on the host with a root for a container, beside a tree that no
// container may change.
type bundle struct {
	*testing.T
	root   string
	canary string

	finished chan struct{} // closed when the test's thread is done
}

// isolated runs a test on a thread in a new mount namespace, which ends with it, and then
// checks that the canary is unchanged.
func isolated(t *testing.T, test func(b *bundle)) {
	t.Helper()
	requireRoot(t)
	directory := t.TempDir()
	b := &bundle{T: t, root: filepath.Join(directory, "root"), canary: filepath.Join(directory, "canary"), finished: make(chan struct{})}
	b.makeCanary()
	b.makeDirectory("")
	before := snapshot(t, b.canary)
	onThread(t, func() { test(b) })
	close(b.finished)
	if difference := cmp.Diff(before, snapshot(t, b.canary)); difference != "" {
		t.Errorf("the canary on the host changed (-before +after):\n%s", difference)
	}
}

func requireRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		unavailable(t, "needs root to make a mount namespace")
	}
}

// unavailable skips a test with a reason, which no test in the guest may do.
func unavailable(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("FSRUN_GUEST") == "1" {
		t.Fatal("in the guest: " + reason)
	}
	t.Skip(reason)
}

// onThread calls run on a thread with a private copy of the mount namespace. The thread
// ends with it: nothing else ever runs on it.
func onThread(t *testing.T, run func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
			t.Errorf("unshare: %v", err)
			return
		}
		if err := setPropagationAt(unix.AT_FDCWD, "/", "/", unix.MS_PRIVATE|unix.MS_REC); err != nil {
			t.Error(err)
			return
		}
		if openat2Blocked() {
			if err := blockOpenat2(); err != nil {
				t.Errorf("seccomp: %v", err)
				return
			}
		}
		run()
	}()
	<-done
}

func (b *bundle) makeCanary() {
	b.Helper()
	for name, content := range map[string]string{"core_pattern": "core", "passwd": "root", "dev/null": "", "proc/1": "", "console": "c"} {
		b.write(filepath.Join(b.canary, name), content)
	}
	b.check(os.Mkdir(filepath.Join(b.canary, "empty"), 0o711))
}

func (b *bundle) write(name, content string) {
	b.Helper()
	b.check(os.MkdirAll(filepath.Dir(name), 0o755))
	b.check(os.WriteFile(name, []byte(content), 0o640))
}

// check ends the test on an error.
func (b *bundle) check(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// inRoot is the path on the host of a name in the root.
func (b *bundle) inRoot(name string) string { return filepath.Join(b.root, name) }

func (b *bundle) makeDirectory(name string) {
	b.Helper()
	b.check(os.MkdirAll(b.inRoot(name), 0o755))
}

func (b *bundle) makeFile(name, content string) {
	b.Helper()
	b.write(b.inRoot(name), content)
}

func (b *bundle) makeLink(target, name string) {
	b.Helper()
	b.check(os.MkdirAll(filepath.Dir(b.inRoot(name)), 0o755))
	b.check(os.Symlink(target, b.inRoot(name)))
}

// builder returns a Builder on the bundle's root.
func (b *bundle) builder() *Builder {
	b.Helper()
	builder := New()
	b.check(builder.Root(&protocol.Root{Source: b.root, Propagation: unix.MS_SLAVE | unix.MS_REC}))
	return builder
}

// perform carries out operations up to the first error.
func perform(b *Builder, ops ...protocol.Op) error {
	for index, op := range ops {
		if err := performOne(b, op); err != nil {
			return fmt.Errorf("%s: %w", protocol.Describe(op, index), err)
		}
	}
	return nil
}

func performOne(b *Builder, op protocol.Op) error {
	switch op := op.(type) {
	case *protocol.Root:
		return b.Root(op)
	case *protocol.Mount:
		return b.Mount(op)
	case *protocol.Bind:
		return b.Bind(op, -1)
	case *protocol.Device:
		return b.Device(op)
	case *protocol.Link:
		return b.Link(op)
	case *protocol.Directory:
		return b.Directory(op)
	case *protocol.Sysctl:
		return b.Sysctl(op)
	case *protocol.Pivot:
		return b.Pivot(op)
	case *protocol.RootAttributes:
		return b.RootAttributes(op)
	case *protocol.Mask:
		return b.Mask(op)
	case *protocol.ReadOnly:
		return b.ReadOnly(op)
	case *protocol.ConsoleOp:
		master, peer, err := b.Console(op)
		if err == nil {
			unix.Close(master)
			unix.Close(peer)
		}
		return err
	}
	return fmt.Errorf("no operation of this package: %T", op)
}

// refuses checks that an error is one of the package's: a *fs.PathError with an error
// number.
func (b *bundle) refuses(err error, call string, errno syscall.Errno) {
	b.Helper()
	var failure *fs.PathError
	if !errors.As(err, &failure) {
		b.Fatalf("error %v (%T), want a *fs.PathError", err, err)
	}
	if failure.Op != call || !errors.Is(err, errno) {
		b.Errorf("error %q of %s, want %v of %s", err, failure.Op, errno, call)
	}
}

// entry is what a snapshot records about a file.
type entry struct {
	Mode     uint32
	UID, GID uint32
	Rdev     uint64
	Content  string // a hash, or a link's target
}

// snapshot describes a tree by the paths below it.
func snapshot(t testing.TB, directory string) map[string]entry {
	t.Helper()
	all := make(map[string]entry)
	err := filepath.WalkDir(directory, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var stat unix.Stat_t
		if err := unix.Lstat(name, &stat); err != nil {
			return err
		}
		described := entry{Mode: stat.Mode, UID: stat.Uid, GID: stat.Gid, Rdev: uint64(stat.Rdev)}
		switch stat.Mode & unix.S_IFMT {
		case unix.S_IFREG:
			content, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			sum := sha256.Sum256(content)
			described.Content = hex.EncodeToString(sum[:8])
		case unix.S_IFLNK:
			if described.Content, err = os.Readlink(name); err != nil {
				return err
			}
		}
		all[strings.TrimPrefix(name, directory)] = described
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// shown is a mount as seen by the test's thread.
type shown struct{ Path, Root, Options, Type string }

// mountsBelow lists the mounts at and below a path, in the order of the mount table.
func mountsBelow(t testing.TB, path string) []shown {
	t.Helper()
	table, err := os.ReadFile("/proc/thread-self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	return mountsOf(string(table), path)
}

func mountsOf(table, path string) []shown {
	var mounts []shown
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		point := unescapeMountPoint.Replace(fields[4])
		if path != "/" && point != path && !strings.HasPrefix(point, path+"/") {
			continue
		}
		_, after, _ := strings.Cut(line, " - ")
		mounts = append(mounts, shown{Path: point, Root: fields[3], Options: fields[5], Type: strings.Fields(after)[0]})
	}
	return mounts
}
