package seccomp

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// TestDefaultProfileComplete: the profile decides about every system call.
func TestDefaultProfileComplete(t *testing.T) {
	groups := map[string]int{}
	for _, g := range defaultGroups {
		if g.reason == "" || len(g.names) == 0 {
			t.Errorf("a group lacks its reason or names: %+v", g)
		}
		for _, name := range g.names {
			if _, ok := lookup(name); !ok {
				t.Errorf("%q (%s) is no system call", name, g.reason)
			}
			groups[name]++
		}
	}
	severalGroups := []string{"ioctl"}       // a rule and its exceptions
	noGroup := []string{"ipc", "socketcall"} // decided by the calls that they multiplex
	for _, name := range syscallNames {
		want := 1
		if slices.Contains(severalGroups, name) {
			want = 2
		} else if slices.Contains(noGroup, name) {
			want = 0
		}
		if groups[name] != want {
			t.Errorf("%s is in %d groups, want %d", name, groups[name], want)
		}
	}
}

// TestDefaultProfileVerdicts runs the compiled profile on single calls.
func TestDefaultProfileVerdicts(t *testing.T) {
	const (
		x86_64 = 0xc000003e
		x86    = 0x40000003
		allow  = 0x7fff0000
		eperm  = 0x00050001
		enosys = 0x00050000 | uint32(unix.ENOSYS)
	)
	filter := compile(t, "amd64", DefaultProfile())
	if len(filter.Skipped) > 0 {
		t.Errorf("skipped %q", filter.Skipped)
	}
	for _, tt := range []struct {
		call         string
		number       uint32
		architecture uint32
		arguments    [6]uint64
		want         uint32
	}{
		{"read", 0, x86_64, [6]uint64{}, allow},
		{"read on x32", 0x40000000, x86_64, [6]uint64{}, allow},
		{"clone, a thread", 56, x86_64, [6]uint64{unix.CLONE_VM | unix.CLONE_THREAD}, allow},
		{"clone, CLONE_NEWUSER", 56, x86_64, [6]uint64{unix.CLONE_NEWUSER | uint64(unix.SIGCHLD)}, eperm},
		{"clone3", 435, x86_64, [6]uint64{}, enosys},
		{"unshare, CLONE_FILES", 272, x86_64, [6]uint64{unix.CLONE_FILES}, allow},
		{"unshare, CLONE_NEWTIME", 272, x86_64, [6]uint64{unix.CLONE_NEWTIME}, eperm},
		{"mount", 165, x86_64, [6]uint64{}, eperm},
		{"mount on x86", 21, x86, [6]uint64{}, eperm},
		{"bpf", 321, x86_64, [6]uint64{}, eperm},
		{"io_uring_setup", 425, x86_64, [6]uint64{}, eperm},
		{"socket, AF_INET", 41, x86_64, [6]uint64{unix.AF_INET}, allow},
		{"socket, AF_VSOCK", 41, x86_64, [6]uint64{unix.AF_VSOCK}, eperm},
		{"socketcall, SYS_SOCKET", 102, x86, [6]uint64{1}, eperm},
		{"socketcall, SYS_BIND", 102, x86, [6]uint64{2}, allow},
		{"ipc, SHMGET of version 1", 117, x86, [6]uint64{1<<16 | 23}, allow},
		{"ioctl, TCGETS", 16, x86_64, [6]uint64{0, unix.TCGETS}, allow},
		{"ioctl, TIOCSTI", 16, x86_64, [6]uint64{0, unix.TIOCSTI}, eperm},
		{"ioctl, TIOCSTI with more bits", 16, x86_64, [6]uint64{0, 1<<32 | unix.TIOCSTI}, eperm},
		{"ioctl, TIOCLINUX", 16, x86_64, [6]uint64{0, tioclinux}, eperm},
		{"personality, query", 135, x86_64, [6]uint64{0xffffffff}, allow},
		{"personality, ADDR_NO_RANDOMIZE", 135, x86_64, [6]uint64{0x0040000}, eperm},
		{"_sysctl", 156, x86_64, [6]uint64{}, enosys},
		{"a newer call", 2000, x86_64, [6]uint64{}, enosys},
		{"no call", 1<<32 - 1, x86_64, [6]uint64{}, enosys},
		{"another architecture", 0, 0xc00000b7, [6]uint64{}, 0x80000000},
	} {
		d := data{number: tt.number, architecture: tt.architecture, arguments: tt.arguments}
		if got := newInterpreter(filter.Instructions).run(&d); got != tt.want {
			t.Errorf("%s: %#x, want %#x", tt.call, got, tt.want)
		}
	}
}

// TestDefaultProfileIsTheCallers: modifying one copy does not affect the next.
func TestDefaultProfileIsTheCallers(t *testing.T) {
	want := DefaultProfile()
	changed := DefaultProfile()
	for i := range changed.Syscalls {
		entry := &changed.Syscalls[i]
		entry.Names[0] = "changed"
		for j := range entry.Args {
			entry.Args[j] = specs.LinuxSeccompArg{}
		}
		if entry.ErrnoRet != nil {
			*entry.ErrnoRet = 0
		}
	}
	if diff := cmp.Diff(want, DefaultProfile()); diff != "" {
		t.Error(diff)
	}
}
