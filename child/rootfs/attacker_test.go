package rootfs

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/fsrun/fsrun/internal/harness/supervise"
	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// watched are the system calls before which the attacker strikes.
var watched = []uint32{
	unix.SYS_OPENAT, unix.SYS_OPENAT2, unix.SYS_MKDIRAT, unix.SYS_MKNODAT, unix.SYS_SYMLINKAT, unix.SYS_READLINKAT,
	unix.SYS_OPEN_TREE, unix.SYS_MOVE_MOUNT, unix.SYS_MOUNT_SETATTR, unix.SYS_FSMOUNT, unix.SYS_STATX, unix.SYS_FSTAT,
	unix.SYS_FSTATFS, unix.SYS_FCHOWNAT, unix.SYS_FCHMODAT, unix.SYS_FCHMODAT2, unix.SYS_PIVOT_ROOT, unix.SYS_UMOUNT2,
}

// attack stops the calling thread before each watched call that it makes from now on, and
// strikes once, at the given one. When stopped, it returns the number of calls so far.
func (b *bundle) attack(at int, strike func()) (stop func() int) {
	b.Helper()
	listener, err := supervise.Install(supervise.Answering(unix.SECCOMP_RET_USER_NOTIF, watched...), unix.SECCOMP_FILTER_FLAG_NEW_LISTENER)
	b.check(err)
	var calls atomic.Int64
	stopped := make(chan struct{})
	go func() {
		defer unix.Close(listener)
		for {
			events := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}
			if _, err := unix.Poll(events, 20); err != nil && err != unix.EINTR {
				b.Errorf("poll: %v", err)
				return
			}
			select {
			case <-b.finished:
				return
			case <-stopped:
				at = none // later calls of the thread are allowed
			default:
			}
			if events[0].Revents&unix.POLLIN != 0 {
				b.serve(listener, &calls, at, strike)
			}
		}
	}()
	return func() int {
		count := int(calls.Load()) // the thread is here, so it is not in a call
		close(stopped)
		return count
	}
}

// serve answers one call.
func (b *bundle) serve(listener int, calls *atomic.Int64, at int, strike func()) {
	call, err := sys.ReceiveNotification(listener)
	if err != nil {
		return
	}
	if calls.Add(1) == int64(at) {
		strike()
	}
	_ = sys.ContinueNotified(listener, call.ID)
}

// Somebody who controls the image or a volume swaps one name for another before the first,
// the second, … system call. Whichever call it is, nothing of the host's may change, and
// what succeeds must hold.
//
// SPEC: M-TRUST-7
// CLASS: V4, V5, V8, V9
func TestAttackerAtEveryStep(t *testing.T) {
	for _, scenario := range []struct {
		name       string
		make       func(b *bundle)
		before     []protocol.Op
		ops        func(b *bundle) []protocol.Op
		one, other string
		holds      func(b *bundle) // what success means, checked in the root after the pivot
	}{
		{
			name: "volume",
			make: func(b *bundle) {
				b.makeDirectory("volume/a/empty")
				b.makeFile("volume/a/passwd", "")
				b.makeLink(b.canary, "volume/b")
			},
			ops: func(b *bundle) []protocol.Op {
				return []protocol.Op{
					&protocol.Mount{Filesystem: "tmpfs", Destination: "/volume/a/empty", CopyUp: true},
					&protocol.Bind{Source: b.root + "/volume/a/passwd", Destination: "/volume/a/passwd"},
					&protocol.Bind{Source: b.root, Destination: "/volume/a/made/below"},
					&protocol.Device{Path: "/volume/a/node", Type: "p", Mode: 0o666, UID: 3},
					&protocol.Link{Path: "/volume/a/link", Target: "x"},
					&protocol.Directory{Path: "/volume/a/work"},
					&protocol.ReadOnly{Path: "/volume/a/passwd"},
				}
			},
			one: "volume/a", other: "volume/b",
		},
		{
			name: "dev",
			make: func(b *bundle) { b.makeDirectory("dev"); b.makeLink(b.canary+"/dev", "dev2") },
			ops: func(b *bundle) []protocol.Op {
				return []protocol.Op{ptsMount(),
					&protocol.Device{Path: "/dev/null", Type: "c", Major: 1, Minor: 3, Mode: 0o666},
					&protocol.Device{Path: "/dev/zero", Type: "c", Major: 1, Minor: 5, Bound: true},
					&protocol.Link{Path: "/dev/stdin", Target: "/proc/self/fd/0"}, &protocol.ConsoleOp{}}
			},
			one: "dev", other: "dev2",
		},
		{
			name: "proc",
			make: func(b *bundle) {
				b.check(unix.Unshare(unix.CLONE_NEWUTS))
				b.makeFile("bad/sys/kernel/domainname", "")
				b.makeDirectory("proc")
				b.makeLink("bad", "proc2")
			},
			ops: func(b *bundle) []protocol.Op {
				return []protocol.Op{procMount(), &protocol.Sysctl{Key: "kernel.domainname", Value: "attacked.example"}, &protocol.Pivot{}}
			},
			one: "proc", other: "proc2",
			holds: func(b *bundle) { b.hasDomain("attacked.example") },
		},
		{
			name: "view",
			make: func(b *bundle) {
				b.makeDirectory("proc")
				b.makeLink("bad", "proc2")
				b.makeNode("dev/null", 1, 3)
			},
			before: []protocol.Op{procMount()},
			ops: func(*bundle) []protocol.Op {
				return []protocol.Op{&protocol.Pivot{}, &protocol.Mask{Path: "/proc/version"}, &protocol.ReadOnly{Path: "/proc/sys"}}
			},
			one: "proc", other: "proc2",
			holds: func(b *bundle) {
				// Wherever procfs is by now, it is covered.
				for _, place := range []string{"/proc", "/proc2"} {
					if content, err := os.ReadFile(place + "/version"); err == nil && len(content) > 0 {
						b.Errorf("%s/version can be read: %s", place, content)
					}
					if file, err := os.OpenFile(place+"/sys/kernel/domainname", os.O_WRONLY, 0); err == nil {
						file.Close()
						b.Errorf("%s/sys can be written to", place)
					}
				}
			},
		},
		{
			name: "null",
			make: func(b *bundle) {
				b.makeNode("dev/null", 1, 3)
				b.makeLink("/fake", "dev/null2")
				b.makeFile("fake", "fake")
				b.makeFile("secret", "secret")
			},
			before: []protocol.Op{procMount(), &protocol.Pivot{}},
			ops:    func(b *bundle) []protocol.Op { return []protocol.Op{&protocol.Mask{Path: "/secret"}} },
			one:    "dev/null", other: "dev/null2",
			holds: func(b *bundle) { b.readsAs("/secret", "") },
		},
		{
			name: "console",
			make: func(b *bundle) { b.makeFile("dev/console", ""); b.makeLink(b.canary+"/console", "dev/console2") },
			ops:  func(b *bundle) []protocol.Op { return []protocol.Op{ptsMount(), &protocol.ConsoleOp{}} },
			one:  "dev/console", other: "dev/console2",
		},
		{
			name: "masked",
			make: func(b *bundle) {
				b.makeNode("dev/null", 1, 3)
				b.makeFile("secret", "secret")
				b.makeLink(b.canary+"/passwd", "secret2")
			},
			ops: func(b *bundle) []protocol.Op {
				return []protocol.Op{&protocol.Mask{Path: "/secret"}, &protocol.ReadOnly{Path: "/secret"}}
			},
			one: "secret", other: "secret2",
		},
	} {
		t.Run(scenario.name, func(t *testing.T) {
			struck, refused := 0, 0
			for at := 1; ; at++ {
				calls := 0
				isolated(t, func(b *bundle) {
					scenario.make(b)
					builder := b.builder()
					defer builder.Close()
					b.check(perform(builder, scenario.before...))
					stop := b.attack(at, func() {
						err := unix.Renameat2(unix.AT_FDCWD, b.inRoot(scenario.one), unix.AT_FDCWD, b.inRoot(scenario.other), unix.RENAME_EXCHANGE)
						if err != nil {
							b.Errorf("strike: %v", err)
						}
					})
					err := perform(builder, scenario.ops(b)...)
					calls = stop()
					if err != nil {
						refused++
					} else if scenario.holds != nil {
						scenario.holds(b)
					}
					if _, err := os.Lstat(filepath.Dir(b.canary)); err == nil {
						for _, mount := range mountsBelow(b, b.canary) {
							b.Errorf("call %d: mounted on the host: %v", at, mount)
						}
					}
				})
				if t.Failed() {
					t.Fatalf("when call %d was struck", at)
				}
				if calls < at {
					break
				}
				struck++
			}
			t.Logf("%d calls struck, %d starts refused", struck, refused)
			if struck == 0 {
				t.Error("no call was struck")
			}
		})
	}
}
