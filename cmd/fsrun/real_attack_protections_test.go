package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/internal/harness/supervise"
)

// calls are those that set up protections, or that the runtime uses on the way. An old
// kernel, or a filter around the runtime, may lack any of them.
var calls = map[string]uint32{
	"bpf": unix.SYS_BPF, "capget": unix.SYS_CAPGET, "capset": unix.SYS_CAPSET, "chdir": unix.SYS_CHDIR, "clone3": unix.SYS_CLONE3,
	"close_range": unix.SYS_CLOSE_RANGE, "execveat": unix.SYS_EXECVEAT, "faccessat2": unix.SYS_FACCESSAT2, "fchdir": unix.SYS_FCHDIR,
	"fchmodat2": unix.SYS_FCHMODAT2, "fchownat": unix.SYS_FCHOWNAT, "fsconfig": unix.SYS_FSCONFIG, "fsmount": unix.SYS_FSMOUNT,
	"fsopen": unix.SYS_FSOPEN, "fstatfs": unix.SYS_FSTATFS, "getcwd": unix.SYS_GETCWD, "keyctl": unix.SYS_KEYCTL,
	"memfd_create": unix.SYS_MEMFD_CREATE, "mkdirat": unix.SYS_MKDIRAT, "mknodat": unix.SYS_MKNODAT, "mount": unix.SYS_MOUNT,
	"mount_setattr": unix.SYS_MOUNT_SETATTR, "move_mount": unix.SYS_MOVE_MOUNT, "open_tree": unix.SYS_OPEN_TREE,
	"openat2": unix.SYS_OPENAT2, "pidfd_open": unix.SYS_PIDFD_OPEN, "pidfd_send_signal": unix.SYS_PIDFD_SEND_SIGNAL,
	"pivot_root": unix.SYS_PIVOT_ROOT, "prctl": unix.SYS_PRCTL, "prlimit64": unix.SYS_PRLIMIT64, "readlinkat": unix.SYS_READLINKAT,
	"renameat2": unix.SYS_RENAMEAT2, "seccomp": unix.SYS_SECCOMP, "setdomainname": unix.SYS_SETDOMAINNAME, "setgroups": unix.SYS_SETGROUPS,
	"sethostname": unix.SYS_SETHOSTNAME, "setns": unix.SYS_SETNS, "setresgid": unix.SYS_SETRESGID, "setresuid": unix.SYS_SETRESUID,
	"setsid": unix.SYS_SETSID, "socketpair": unix.SYS_SOCKETPAIR, "statfs": unix.SYS_STATFS, "statx": unix.SYS_STATX,
	"symlinkat": unix.SYS_SYMLINKAT, "umount2": unix.SYS_UMOUNT2, "unshare": unix.SYS_UNSHARE,
}

// everything asks for every kind of protection that every kernel has.
func everything(spec *specs.Spec) {
	denying(false, "getpriority")(spec)
	spec.Process.User = specs.User{UID: 1000, GID: 100, AdditionalGids: []uint32{7}}
	spec.Process.Rlimits = []specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Soft: 100, Hard: 200}, {Type: "RLIMIT_CORE"}}
	score := 500
	spec.Process.OOMScoreAdj = &score
	spec.Hostname, spec.Domainname = "protected", "example.org"
	spec.Linux.Sysctl = map[string]string{"net.ipv4.ip_forward": "0", "kernel.shmmax": "1048576"}
	spec.Linux.MaskedPaths = append(spec.Linux.MaskedPaths, "/proc/meminfo")
	spec.Mounts = append(spec.Mounts, specs.Mount{Destination: "/tmp", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "noexec", "nodev", "size=1m"}})
}

// protections prints what protects the caller, without what differs from start to start. To
// compare a namespace with the host's, it needs the host's name of it.
const protections = `
grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp:|Umask)' /proc/self/status
grep -E 'open files|core' /proc/self/limits
cat /proc/self/oom_score_adj /proc/sys/kernel/hostname /proc/sys/kernel/domainname /proc/sys/kernel/shmmax /proc/meminfo
while read -r _ _ _ root point options _; do echo "$root $point $options"; done < /proc/self/mountinfo
for kind in cgroup ipc mnt net pid uts; do echo $kind $(readlink /proc/self/ns/$kind); done
ls -l /dev /proc/self/fd
(: < /dev/fuse) 2>&1
:`

// changing matches what differs from start to start: numbers of namespaces, processes and
// pipes, times, and names of pipes.
var changing = regexp.MustCompile(`(pipe|socket):\[\d+\]|/proc/\d+|\w{3} +\d+ \d\d:\d\d|/fsrun-test\S*|/tmp/\S+`)

// TestNoProtectionIsDroppedInSilence takes one system call at a time away from the runtime.
// The runtime must either set up the very same protections in another way, or report what
// it lacks and leave nothing behind.
//
// CLASS: V15, V17
func TestNoProtectionIsDroppedInSilence(t *testing.T) {
	harness.Need(t, harness.Container...)
	directory := harness.Bundle(t, harness.Shell(protections), everything)
	want, err := protected(t, directory, func(run func()) { run() })
	must(t, err)
	if !strings.Contains(want, "Seccomp:\t2") || !strings.Contains(want, "NoNewPrivs:\t1") || !strings.Contains(want, "protected") {
		t.Fatalf("the protections are not as asked for:\n%s", want)
	}
	answers := []unix.Errno{unix.ENOSYS, unix.EPERM, unix.EINVAL}
	if harness.Guest() {
		answers = answers[:1] // it is emulated
	}
	same, refused, failed := 0, 0, 0
	for name, number := range calls {
		for _, errno := range answers {
			if name == "clone3" && errno != unix.ENOSYS {
				continue // the C library in this test uses it to start threads
			}
			got, err := protected(t, directory, func(run func()) { supervise.Blocked(t, number, errno, run) })
			switch {
			case err != nil:
				refused++
			case got == want:
				same++
			default:
				failed++
				t.Errorf("without %s (%v) it started otherwise (-want +got):\n%s", name, errno, cmp.Diff(want, got))
			}
		}
	}
	t.Logf("figure: system calls taken from a start that lost no protection %d/%d", same+refused, same+refused+failed)
	t.Logf("as protected %d times, refused %d times", same, refused)
}

// protected runs the bundle's program with the command line and returns what it wrote. A
// failure must name something.
func protected(t *testing.T, directory string, around func(func())) (string, error) {
	t.Helper()
	c := newContainerOf(t, directory)
	command := exec.Command("fsrun", "--root", c.StateRoot, "run", "--bundle", directory, c.ID)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	var err error
	around(func() { err = command.Run() })
	if err != nil {
		for line := range strings.Lines(stderr.String()) { // warnings, and finally the cause
			if what, is := strings.CutPrefix(line, "fsrun: "); !is || !strings.Contains(what, ": ") {
				t.Errorf("the refusal names nothing, or is not fsrun's: %q, %v", line, err)
			}
		}
		return "", fmt.Errorf("%w: %s", err, stderr.String())
	}
	if _, err := os.Stat(filepath.Join(c.StateRoot, c.ID)); err == nil {
		t.Error("the container's state is still there")
	}
	text := stdout.String()
	for _, kind := range []string{"cgroup", "ipc", "mnt", "net", "pid", "uts"} {
		ours, err := os.Readlink("/proc/self/ns/" + kind)
		must(t, err)
		text = regexp.MustCompile(kind+`:\[\d+\]`).ReplaceAllStringFunc(text, func(name string) string {
			if name == ours {
				return "the host's"
			}
			return "another"
		})
	}
	return changing.ReplaceAllString(text, "…"), nil
}
