package rootfs

import (
	"os"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

func sysMount() *protocol.Mount {
	return &protocol.Mount{Filesystem: "sysfs", Source: "sysfs", Destination: "/sys"}
}

// If an image had something other than a directory at /proc or /sys, security labels and
// kernel parameters would be written elsewhere.
//
// SPEC: M-OP-2
// CLASS: V4
func TestKernelViewNeedsRealDirectory(t *testing.T) {
	for _, test := range []struct {
		name  string
		make  func(b *bundle)
		op    *protocol.Mount
		call  string
		errno unix.Errno
	}{
		{"proc leads to a directory", func(b *bundle) { b.makeDirectory("bad"); b.makeLink("/bad", "proc") }, procMount(), "", unix.ELOOP},
		{"proc leads outside", func(b *bundle) { b.makeLink("../canary/proc", "proc") }, procMount(), "", unix.ELOOP},
		{"proc leads to the host's", func(b *bundle) { b.makeLink(b.canary+"/proc", "proc") }, procMount(), "", unix.ELOOP},
		{"proc is a file", func(b *bundle) { b.makeFile("proc", "") }, procMount(), "move_mount", unix.ENOTDIR},
		{"proc leads nowhere", func(b *bundle) { b.makeLink("missing", "proc") }, procMount(), "", unix.ELOOP},
		{"sys leads to a directory", func(b *bundle) { b.makeDirectory("bad"); b.makeLink("bad", "sys") }, sysMount(), "", unix.ELOOP},
		{"the way to proc is a link", func(b *bundle) { b.makeDirectory("bad"); b.makeLink("bad", "way") },
			&protocol.Mount{Filesystem: "proc", Destination: "/way/proc"}, "", unix.ELOOP},
	} {
		t.Run(test.name, func(t *testing.T) {
			isolated(t, func(b *bundle) {
				test.make(b)
				builder := b.builder()
				defer builder.Close()
				call := test.call
				if call == "" {
					call = openCall()
				}
				b.refuses(builder.Mount(test.op), call, test.errno)
				if mounts := mountsBelow(b, b.root); len(mounts) != 1 {
					b.Errorf("mounts below the root: %v", mounts)
				}
			})
		})
	}
}

// openCall is the system call that resolves an existing path.
func openCall() string {
	if openat2Blocked() {
		return "openat"
	}
	return "openat2"
}

// A volume that covers /proc after procfs was mounted is as bad as no procfs.
//
// SPEC: M-OP-2
// CLASS: V4
func TestCoveredProcIsRefused(t *testing.T) {
	fake := &protocol.Mount{Filesystem: "tmpfs", Source: "tmpfs", Destination: "/proc"}
	for _, test := range []struct {
		name  string
		make  func(b *bundle) []protocol.Op
		call  string
		errno unix.Errno
	}{
		{"by a tmpfs", func(b *bundle) []protocol.Op { return []protocol.Op{procMount(), fake} }, "fstatfs", unix.EINVAL},
		{"by a tmpfs alone", func(b *bundle) []protocol.Op { return []protocol.Op{fake} }, "fstatfs", unix.EINVAL},
		{"by a tmpfs under another name", func(b *bundle) []protocol.Op {
			b.makeLink("proc", "data")
			return []protocol.Op{procMount(), &protocol.Mount{Filesystem: "tmpfs", Destination: "/data"}}
		}, "fstatfs", unix.EINVAL},
		{"by a volume", func(b *bundle) []protocol.Op {
			return []protocol.Op{procMount(), &protocol.Bind{Source: b.canary, Destination: "/proc"}}
		}, "fstatfs", unix.EINVAL},
		{"by a volume alone", func(b *bundle) []protocol.Op {
			return []protocol.Op{&protocol.Bind{Source: b.canary, Destination: "/proc"}}
		}, "fstatfs", unix.EINVAL},
	} {
		t.Run(test.name, func(t *testing.T) {
			isolated(t, func(b *bundle) {
				b.makeDirectory("proc")
				builder := b.builder()
				defer builder.Close()
				ops := test.make(b)
				b.check(perform(builder, ops...))
				b.refuses(builder.Pivot(&protocol.Pivot{}), test.call, test.errno)
			})
		})
	}
}

func TestHostProcMayBeBound(t *testing.T) {
	isolated(t, func(b *bundle) {
		builder := b.builder()
		defer builder.Close()
		b.check(perform(builder, &protocol.Bind{Source: "/proc", Destination: "/proc", Recursive: true}, &protocol.Pivot{}))
		if _, err := os.Stat("/proc/self/status"); err != nil {
			t.Error(err)
		}
	})
}

func TestBindOnLinkedProcIsRefused(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.makeLink("bad", "proc")
		b.makeDirectory("bad")
		builder := b.builder()
		defer builder.Close()
		err := builder.Bind(&protocol.Bind{Source: "/proc", Destination: "/proc", Recursive: true}, -1)
		b.refuses(err, openCall(), unix.ELOOP)
		if !strings.Contains(err.Error(), "real directory") {
			t.Errorf("error %q", err)
		}
	})
}

// The parameter must be the kernel's, even if everything that the container calls /proc is
// the image's.
//
// SPEC: M-OP-3
// CLASS: V4
func TestSysctlIgnoresContainerProc(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.check(unix.Unshare(unix.CLONE_NEWUTS))
		b.makeFile("proc/sys/kernel/domainname", "fake")
		builder := b.builder()
		defer builder.Close()
		b.check(perform(builder, &protocol.Sysctl{Key: "kernel.domainname", Value: "one.example"}))
		b.hasDomain("one.example")
		// The thread's whole view of /proc is a fake.
		b.check(unix.Mount(b.inRoot("proc"), "/proc", "", unix.MS_BIND, ""))
		b.check(perform(builder, &protocol.Sysctl{Key: "kernel/domainname", Value: "two.example"}))
		b.hasDomain("two.example")
		b.readsAs(b.inRoot("proc/sys/kernel/domainname"), "fake")
	})
}

func (b *bundle) hasDomain(want string) {
	b.Helper()
	var names unix.Utsname
	b.check(unix.Uname(&names))
	if got := unix.ByteSliceToString(names.Domainname[:]); got != want {
		b.Errorf("domain name %q, want %q", got, want)
	}
}

func TestSysctlRefusals(t *testing.T) {
	isolated(t, func(b *bundle) {
		builder := b.builder()
		defer builder.Close()
		for _, test := range []struct {
			key   string
			call  string
			errno unix.Errno
		}{
			{"no.such.parameter", "openat", unix.ENOENT},
			{"kernel", "openat", unix.EISDIR},
			{"kernel..hostname", "openat", unix.EINVAL},
			{"../kernel/hostname", "openat", unix.EINVAL},
			{"net/../../self/attr/exec", "openat", unix.EINVAL},
			{"kernel/./hostname", "openat", unix.EINVAL},
		} {
			b.refuses(builder.Sysctl(&protocol.Sysctl{Key: test.key, Value: "1"}), test.call, test.errno)
		}
	})
}

func TestSysctlPath(t *testing.T) {
	for key, want := range map[string]string{
		"net.ipv4.ip_forward":              "sys/net/ipv4/ip_forward",
		"net/ipv4/ip_forward":              "sys/net/ipv4/ip_forward",
		"net.ipv4.conf.eth0/1.forwarding":  "sys/net/ipv4/conf/eth0.1/forwarding",
		"net/ipv4/conf/eth0.1/forwarding":  "sys/net/ipv4/conf/eth0.1/forwarding",
		"kernel/shm_rmid_forced":           "sys/kernel/shm_rmid_forced",
		"fs.mqueue.msg_max":                "sys/fs/mqueue/msg_max",
		"net.ipv6.conf.a/b/c.disable_ipv6": "sys/net/ipv6/conf/a.b.c/disable_ipv6",
	} {
		got, err := sysctlPath(key)
		if err != nil || got != want {
			t.Errorf("sysctlPath(%q) = %q, %v; want %q", key, got, err, want)
		}
	}
	for _, key := range []string{"", ".", "/", "a..b", "a/", "/a", "a.", ".a", "a/../b", "..", "a./.b"} {
		if got, err := sysctlPath(key); err == nil {
			t.Errorf("sysctlPath(%q) = %q; it should be refused", key, got)
		}
	}
}
