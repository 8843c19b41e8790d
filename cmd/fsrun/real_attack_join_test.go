package main

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/internal/harness/supervise"
	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/parent"
)

// spy is a program in a container that is told what to look at, and answers.
type spy struct {
	*container
	joined  *container // the container that joinWatched joins, by default the spy's own
	orders  *os.File
	answers *bufio.Reader
	pipe    *os.File // for its answers
}

// spyPatience is how long an answer may take.
const spyPatience = 20 * time.Second

// newSpy starts a container whose shell runs a script for each order that it reads, with
// the order's words as arguments.
func newSpy(t *testing.T, script string, edits ...harness.Edit) *spy {
	t.Helper()
	return newSpyIn(t, "", script, edits...)
}

// newSpyIn starts it with its state in root, "" for a new one.
func newSpyIn(t *testing.T, root, script string, edits ...harness.Edit) *spy {
	t.Helper()
	loop := fmt.Sprintf("answer() {\n%s\n}\nwhile read -r order; do answer $order; echo end; done 2>/dev/null", script)
	s := &spy{container: newContainer(t, append([]harness.Edit{harness.Shell(loop)}, edits...)...)}
	s.joined = s.container
	s.StateRoot = cmp.Or(root, s.StateRoot)
	read, orders, err := os.Pipe()
	must(t, err)
	t.Cleanup(func() { orders.Close() })
	answers, write, err := os.Pipe()
	must(t, err)
	t.Cleanup(func() { answers.Close() })
	s.Stdio = [3]int{int(read.Fd()), int(write.Fd()), int(write.Fd())}
	s.orders, s.answers = orders, bufio.NewReader(answers)
	s.pipe = answers
	_, err = parent.Create(s.Options)
	must(t, err)
	must(t, parent.Start(s.StateRoot, s.ID, parent.Handshake{}))
	must(t, read.Close())
	must(t, write.Close())
	return s
}

// order has the script run, and returns the lines that it wrote.
func (s *spy) order(words ...string) (lines []string) {
	s.t.Helper()
	_, err := fmt.Fprintln(s.orders, strings.Join(words, " "))
	must(s.t, err)
	must(s.t, s.pipe.SetReadDeadline(time.Now().Add(spyPatience)))
	for {
		line, err := s.answers.ReadString('\n')
		if err != nil {
			s.t.Errorf("the spy, asked for %v: %v", words, err)
			return lines
		}
		if line = strings.TrimSpace(line); line == "end" {
			return lines
		}
		lines = append(lines, line)
	}
}

// insideAs returns a process's ID in its innermost PID namespace, "" if that is ours.
func insideAs(pid uint32) string {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(content)) {
		if names, is := strings.CutPrefix(line, "NSpid:"); is {
			if numbers := strings.Fields(names); len(numbers) > 1 {
				return numbers[len(numbers)-1]
			}
		}
	}
	return ""
}

// joinWatched makes /bin/true join a container with a command, and calls before for each
// system call that the runtime makes where the container sees it.
func (s *spy) joinWatched(command string, before func(inside string, call *sys.Notification)) {
	s.t.Helper()
	s.watch(command, []string{"--root", s.joined.StateRoot, "exec"}, []string{s.joined.ID, "/bin/true"}, before)
}

// watch calls a function before each system call that the runtime makes where the container
// sees it. It inserts options for deadlines between arguments and operands.
func (s *spy) watch(command string, arguments, operands []string, before func(inside string, call *sys.Notification)) {
	t := s.t
	t.Helper()
	for _, wait := range waits() { // looking takes its time
		arguments = append(arguments, "--deadline", string(wait.State)+"=0s")
	}
	watched := exec.Command(command, append(arguments, operands...)...)
	watched.Args[0] = commandName
	said := errorFile(t)
	watched.Stderr = said
	executed := map[uint32]bool{}
	err := supervise.Run(t, watched, func(call *sys.Notification) unix.Errno {
		if inside := insideAs(call.PID); inside != "" && !executed[call.PID] {
			before(inside, call)
			// The runtime's own binary is executed with execveat(2).
			executed[call.PID] = call.Call == unix.SYS_EXECVE
		}
		return 0
	})
	if text := written(t, said); err != nil {
		t.Fatalf("%v: %v: %s", arguments, err, text)
	}
	if len(executed) == 0 {
		t.Error("no process of the runtime was seen in the container")
	}
}

// lookInto opens everything of a process that those who may trace it can open.
const lookInto = `
for file in exe mem environ maps auxv; do true < /proc/$1/$file && echo opens $file; done
for file in /proc/$1/fd/*; do true < $file && echo opens $file; done
for place in root cwd; do cd /proc/$1/$place && echo enters $place; cd /; done`

// abandons makes the init move to a user namespace that it makes itself, while the program
// that it was to run remains behind: the owner of that namespace, with every power over it.
func abandons(spec *specs.Spec) {
	spec.Process.Args[2] = "exec 3<&0\n{ until grep -q ' 1$' /proc/1/uid_map; do sleep 0.01; done\n" +
		spec.Process.Args[2] + "\n} <&3 &\nexec busybox unshare --map-root-user sleep 1000"
	c := spec.Process.Capabilities
	for _, set := range []*[]string{&c.Bounding, &c.Permitted, &c.Effective} {
		*set = append(*set, "CAP_SETFCAP") // without it nobody has an ID there (user_namespaces(7))
	}
}

// TestJoiningChildIsClosed: before each system call that the joining runtime makes where
// the container sees it, root in the container tries to look into it. That fails even with
// all capabilities in the container's own user namespace, and, without CAP_SYS_PTRACE, in
// the host's.
//
// SPEC: M-ACT-7
// CLASS: V1
func TestJoiningChildIsClosed(t *testing.T) {
	wholeInGuest(t)
	for name, edits := range map[string][]harness.Edit{
		"user namespace":        {harness.UserNamespace, harness.Capable(t)},
		"host's user namespace": nil,
		"host's user namespace, which its init has left": {abandons},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSpy(t, lookInto, edits...)
			// Check that it can see anything at all: itself.
			equal(t, "what it can do with itself", "opens exe", strings.Join(s.order("self")[:1], ""))
			looks := 0
			s.joinWatched(commandName, func(inside string, call *sys.Notification) {
				looks++
				for _, line := range s.order(inside) {
					t.Errorf("before call %d, %d: it %s", looks, call.Call, line)
				}
			})
			t.Logf("looked before %d calls", looks)
		})
	}
}

// TestCreatedChildIsClosedToItsPod: a container is created in the user namespace and the
// PID namespace of another one, whose root has all capabilities in that user namespace.
// Root still cannot look into the runtime, from the first system call to the last.
//
// SPEC: M-ACT-7
// CLASS: V1
func TestCreatedChildIsClosedToItsPod(t *testing.T) {
	wholeInGuest(t)
	s := newSpy(t, lookInto, harness.UserNamespace, harness.Capable(t))
	in := func(kind specs.LinuxNamespaceType) harness.Edit {
		return harness.Namespace(kind, fmt.Sprintf("/proc/%d/ns/%s", initOf(t, s.container), files[kind]))
	}
	score := 500
	c := newContainer(t, harness.Args("/bin/true"), harness.UserNamespace, in(specs.UserNamespace), in(specs.PIDNamespace), func(spec *specs.Spec) {
		spec.Process.OOMScoreAdj = &score
	})
	looks := 0
	s.watch(commandName, []string{"--root", c.StateRoot, "run", "--bundle", c.Bundle}, []string{c.ID}, func(inside string, call *sys.Notification) {
		looks++
		for _, line := range s.order(inside) {
			t.Errorf("before call %d, %d: it %s", looks, call.Call, line)
		}
	})
	t.Logf("looked before %d calls", looks)
}

// reachFrom looks for a directory of the host through everything that leads out of a
// process.
const reachFrom = `
for place in /proc/$1/root /proc/$1/cwd /proc/$1/fd/*; do
	test -e $place/$2 && echo reaches the host by $place
	test -e $place/../$2 && echo reaches the host by $place/..
done`

// TestJoiningChildHasNothingOfTheHosts: with all capabilities in the host's user namespace,
// root in the container may look into the joining runtime, whatever that does. But from the
// first call that it makes where the container sees it, it has no way to the host's files
// and shares nothing with processes outside.
//
// SPEC: M-ACT-11
// CLASS: V1
func TestJoiningChildHasNothingOfTheHosts(t *testing.T) {
	wholeInGuest(t)
	harness.Need(t, harness.Static)
	for name, spy := range map[string]func(*testing.T) *spy{
		"root of the container": func(t *testing.T) *spy { return newSpy(t, reachFrom, harness.Capable(t)) },
		"a user namespace that is our own": func(t *testing.T) *spy {
			return newSpy(t, reachFrom, harness.Capable(t), joins(specs.UserNamespace, ownUserNamespace))
		},
		"a user namespace that has an id for the runtime": func(t *testing.T) *spy {
			return newSpy(t, reachFrom, harness.UserNamespace, harness.Capable(t), func(spec *specs.Spec) {
				spec.Linux.UIDMappings[0].HostID, spec.Linux.GIDMappings[0].HostID = 0, 0
			})
		},
		"root of one that shares the PID namespace": func(t *testing.T) *spy {
			joined := newContainer(t, harness.Args("/bin/sleep", "1000"))
			joined.start()
			s := newSpyIn(t, joined.StateRoot, reachFrom, harness.Capable(t), joins(specs.PIDNamespace, fmt.Sprintf("/proc/%d/ns/pid", initOf(t, joined))))
			s.joined = joined
			return s
		},
	} {
		t.Run(name, func(t *testing.T) { spy(t).seesNothingOfTheHosts() })
	}
}

const ownUserNamespace = "/proc/self/ns/user"

// joins makes the container join an existing namespace.
func joins(kind specs.LinuxNamespaceType, path string) harness.Edit {
	return func(spec *specs.Spec) {
		harness.Without(kind)(spec)
		spec.Linux.Namespaces = append(spec.Linux.Namespaces, specs.LinuxNamespace{Type: kind, Path: path})
	}
}

func (s *spy) seesNothingOfTheHosts() {
	s.t.Helper()
	looks := 0
	s.joinWatched(commandName, func(inside string, call *sys.Notification) {
		looks++
		for _, line := range s.order(inside, s.StateRoot) {
			s.t.Errorf("before call %d, %d: it %s", looks, call.Call, line)
		}
		for name, resource := range sharedResources {
			if shares(s.t, int(call.PID), resource) {
				s.t.Errorf("before call %d, %d: it shares its %s with a process outside", looks, call.Call, name)
			}
		}
	})
	s.t.Logf("looked before %d calls", looks)
	if looks == 0 {
		s.t.Error("it was never seen")
	}
}

// sharedResources are those of kcmp(2): KCMP_VM, KCMP_FILES and KCMP_FS.
var sharedResources = map[string]uintptr{"memory": 1, "descriptors": 2, "root": 3}

// shares reports whether a thread of another process, which the container does not see,
// shares the process's resource.
func shares(t *testing.T, pid int, resource uintptr) bool {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	must(t, err)
	for _, entry := range entries {
		other, err := strconv.Atoi(entry.Name())
		if err != nil || insideAs(uint32(other)) != "" {
			continue
		}
		if order, _, errno := unix.Syscall6(unix.SYS_KCMP, uintptr(pid), uintptr(other), resource, 0, 0, 0); errno == 0 && order == 0 {
			return true
		}
	}
	return false
}

// inherited prints what a process has inherited.
const inherited = `
grep -E '^(Uid|Gid|Groups|NoNewPrivs|Seccomp|Umask|Sig[BI]|Cpus_allowed)' /proc/$$/status
for kind in cgroup ipc mnt net pid time user uts; do test $(readlink /proc/self/ns/$kind) = $(readlink /proc/1/ns/$kind) && echo $kind; done
ls -l /proc/self/fd
cat /proc/self/timerslack_ns /proc/self/limits /proc/self/cgroup /proc/self/sessionid
cut -d ' ' -f 7,8 /proc/$$/stat
test $(cut -d ' ' -f 5 /proc/$$/stat) = $$ && test $(cut -d ' ' -f 6 /proc/$$/stat) = $$ && echo leads its session
pwd; env`

// TestWatchedProcessIsLikeAnother: a process that joins where it may be looked into is
// started in another way, but must be like any other.
func TestWatchedProcessIsLikeAnother(t *testing.T) {
	harness.Need(t, append(harness.Container, harness.Static)...)
	tracer := func(spec *specs.Spec) {
		c := spec.Process.Capabilities
		c.Bounding = append(c.Bounding, "CAP_SYS_PTRACE")
	}
	told := map[string]string{}
	for name, edit := range map[string]harness.Edit{"elsewhere": func(*specs.Spec) {}, "watched": tracer} {
		c := newContainer(t, harness.Args("/bin/sleep", "1000"), edit)
		c.start()
		told[name] = changing.ReplaceAllString(c.exec(&specs.Process{Args: []string{"/bin/sh", "-c", inherited}, Cwd: "/", Env: []string{"PATH=/bin"}}), "…")
		told[name] = strings.ReplaceAll(told[name], c.ID, "ID")
	}
	equal(t, "what it has", told["elsewhere"], told["watched"])
}

// TestBinaryIsNotWrittenWhenItIsFree: root in the container, with all capabilities, opens
// the binary of the joining runtime as soon as it is visible, and writes to it once it is
// no longer being executed.
//
// CLASS: V2
func TestBinaryIsNotWrittenWhenItIsFree(t *testing.T) {
	wholeInGuest(t)
	harness.Need(t, harness.Static)
	s := newSpy(t, `
case $1 in
hold) exec 9< /proc/$2/exe && echo held;;
write) echo evil > /proc/self/fd/9 && echo written;;
esac`, harness.Capable(t))
	binary := filepath.Join(harness.Directory(t), commandName)
	content, err := os.ReadFile("/proc/self/exe")
	must(t, err)
	must(t, os.WriteFile(binary, content, 0o755))
	before := fingerprint(t, binary)
	held := false
	s.joinWatched(binary, func(inside string, _ *sys.Notification) {
		held = held || strings.Join(s.order("hold", inside), "") == "held"
	})
	if !held {
		t.Error("the binary was never held")
	}
	for _, line := range s.order("write") {
		t.Error("it has", line)
	}
	if fingerprint(t, binary) != before {
		t.Error("the binary on the host has changed")
	}
}

// TestJoinIsInContainersUserNamespace: whatever user namespace the init has made for
// itself, a process that joins is in the one in which the container was made. It gets its
// groups as in any other container, although none can be set in the init's user namespace.
//
// SPEC: M-ACT-15
func TestJoinIsInContainersUserNamespace(t *testing.T) {
	harness.Need(t, append(harness.Container, harness.Static)...)
	for name, edits := range map[string][]harness.Edit{
		"the host's":                  {abandons},
		"its own":                     {harness.UserNamespace, abandons},
		"its own, where it may trace": {harness.UserNamespace, harness.Capable(t), abandons},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSpy(t, "cat /proc/self/uid_map /proc/1/setgroups", edits...)
			answer := s.order("self")
			equal(t, "setgroups of the init", "deny", answer[1])
			joining := exec.Command(commandName, "--root", s.StateRoot, "exec", s.ID, "/bin/sh", "-c", "cat /proc/self/uid_map /proc/self/setgroups; id -G")
			joining.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Groups: []uint32{4321}}}
			output, err := joining.CombinedOutput()
			must(t, err)
			equal(t, "its ids, and its groups", strings.Join(strings.Fields(answer[0]), " ")+" allow 0", strings.Join(strings.Fields(string(output)), " "))
		})
	}
}
