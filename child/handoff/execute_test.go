package handoff

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

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/internal/tinyprogram"
	"github.com/fsrun/fsrun/protocol"
)

// TestNotGreedy: from Ready to execve the child makes no thread and no process, and
// allocates no memory: the kernel would kill it, whichever of its threads did. The program
// itself needs none.
//
// SPEC: M-COM-7
func TestNotGreedy(t *testing.T) {
	program := filepath.Join(t.TempDir(), "tiny")
	if err := os.WriteFile(program, tinyprogram.Exit(42), 0o700); err != nil {
		t.Fatal(err)
	}
	execution := Execution{
		Limits:  []*protocol.ResourceLimit{{Resource: unix.RLIMIT_CORE, Soft: 0, Hard: 0}},
		Execute: asOurselves(), Programs: []Program{{Path: "/no/such/program"}, {Path: program}}, Arguments: []string{"tiny"}, Environment: []string{"A=1"},
	}
	execution.Execute.Filter = allowAll
	for name, play := range map[string]func(*walker){
		"run": (*walker).begin,
		"created and started": func(w *walker) {
			address := w.detached()
			for range 3 { // two that fail
				caller := connect(w.T, address)
				caller.Close()
			}
			send(w.T, connect(w.T, address), &protocol.Start{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := startWalk(t, job{Execution: execution, Greedy: true}, nil)
			play(w)
			if state := w.end(); state.ExitCode() != 42 {
				t.Errorf("it ended with %v: %s", state, &w.output)
			}
		})
	}
}

// TestGreedIsSeen: the kernel does kill a child that is greedy, such as one with a hook.
func TestGreedIsSeen(t *testing.T) {
	execution := shell("exit 0")
	execution.Hooks = []*protocol.Hook{{Point: "startContainer", Path: "/bin/true", Arguments: []string{"true"}}}
	w := startWalk(t, job{Execution: execution, Greedy: true}, nil)
	w.begin()
	if status := w.end().Sys().(syscall.WaitStatus); status.Signal() != unix.SIGSYS {
		t.Errorf("it ended with %v", w.ProcessState)
	}
}

// reporting prints what the program sees of itself.
const reporting = `umask; pwd; ulimit -f; cat /proc/self/status`

// TestProgramsWorld: the effects of Start, as seen by the program.
//
// SPEC: M-ACT-2, M-ACT-3, M-ACT-5
func TestProgramsWorld(t *testing.T) {
	harness.Need(t, harness.Root) // for another user
	const kill, chown = 1 << unix.CAP_KILL, 1 << unix.CAP_CHOWN
	for _, noNewPrivs := range []bool{false, true} {
		t.Run(fmt.Sprintf("no_new_privs %t", noNewPrivs), func(t *testing.T) {
			hooked := filepath.Join(t.TempDir(), "hook")
			if err := os.WriteFile(hooked, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chown(hooked, 1001, 1002); err != nil {
				t.Fatal(err)
			}
			for directory := filepath.Dir(hooked); directory != os.TempDir(); directory = filepath.Dir(directory) {
				if err := os.Chmod(directory, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			execution := shell(reporting)
			execution.Limits = []*protocol.ResourceLimit{{Resource: unix.RLIMIT_FSIZE, Soft: 512 * 99, Hard: 512 * 99}}
			execution.Execute = &protocol.Execute{
				Directory: "/usr", UID: 1001, GID: 1002, Groups: []uint32{7, 9}, SetsGroups: true, Umask: 0o027, NoNewPrivs: noNewPrivs,
				Bounding: kill | chown, Permitted: kill, Effective: kill, Inheritable: kill, Ambient: kill, Filter: allowAll,
			}
			execution.Hooks = []*protocol.Hook{{
				Point: "startContainer", Path: "/bin/sh", Environment: []string{"PATH=/bin:/usr/bin"},
				Arguments: []string{"sh", "-c", fmt.Sprintf("{ %s; } > %s", reporting, hooked)},
			}}
			w := startWalk(t, job{Execution: execution}, nil)
			w.begin()
			if state := w.end(); !state.Success() {
				t.Fatalf("it ended with %v: %s", state, &w.output)
			}
			hook, err := os.ReadFile(hooked)
			if err != nil {
				t.Fatal(err)
			}
			flags := map[bool]string{true: "1", false: "0"}
			wantWorld(t, "the program", w.output.String(), flags[noNewPrivs], "2")
			// A filter that is loaded last does not apply to the hook.
			wantWorld(t, "the hook", string(hook), flags[noNewPrivs], map[bool]string{true: "0", false: "2"}[noNewPrivs])
		})
	}
}

func wantWorld(t *testing.T, who, report, noNewPrivs, seccomp string) {
	t.Helper()
	if want := "0027\n/usr\n99\n"; !strings.HasPrefix(report, want) {
		t.Errorf("%s says %.40q; want %q", who, report, want)
	}
	fields := parseStatus(report)
	for field, want := range map[string]string{
		"Uid": "1001 1001 1001 1001", "Gid": "1002 1002 1002 1002", "Groups": "7 9", "NoNewPrivs": noNewPrivs, "Seccomp": seccomp,
		"CapInh": "0000000000000020", "CapPrm": "0000000000000020", "CapEff": "0000000000000020",
		"CapBnd": "0000000000000021", "CapAmb": "0000000000000020",
	} {
		if fields[field] != want {
			t.Errorf("%s has %s %q; want %q", who, field, fields[field], want)
		}
	}
}

// TestFailures: if any step fails, the child ends with its Fault, and neither hook nor
// program is executed. A filter that is loaded first applies to the following steps, so it
// can make each of them fail.
//
// SPEC: M-ACT-3, M-ACT-8, M-END-1
func TestFailures(t *testing.T) {
	harness.Need(t, harness.Root) // loading a filter without no_new_privs needs it
	for _, test := range []struct {
		call   string
		number uintptr
		code   protocol.Code
		path   string
	}{
		{"umask", unix.SYS_UMASK, protocol.CodeCredentials, "process.user.umask"},
		{"setgroups", unix.SYS_SETGROUPS, protocol.CodeCredentials, "process.user.additionalGids"},
		{"prctl", unix.SYS_PRCTL, protocol.CodeCredentials, "process.capabilities"},
		{"setresgid", unix.SYS_SETRESGID, protocol.CodeCredentials, "process.user.gid"},
		{"setresuid", unix.SYS_SETRESUID, protocol.CodeCredentials, "process.user.uid"},
		{"capset", unix.SYS_CAPSET, protocol.CodeCredentials, "process.capabilities"},
		{"clone3", unix.SYS_CLONE3, protocol.CodeHook, "hooks.startContainer[0]"},
		{"execve", unix.SYS_EXECVE, protocol.CodeExec, "process.args[0]"},
	} {
		t.Run(test.call, func(t *testing.T) {
			execution, marked := marking(t)
			execution.Execute.NoNewPrivs, execution.Execute.SetsGroups = false, true
			execution.Execute.Filter = refuse(unix.SECCOMP_RET_ERRNO|uint32(unix.EXDEV), test.number)
			if test.call == "clone3" {
				execution.Hooks = []*protocol.Hook{{
					Origin: protocol.Origin{At: test.path}, Point: "startContainer", Path: "/bin/sh", Arguments: execution.Arguments,
				}}
			}
			w := startWalk(t, job{Execution: execution}, nil)
			fault := w.fails(test.code)
			if fault.Call != test.call || fault.Errno != unix.EXDEV || fault.Path != test.path {
				t.Errorf("the Fault is %+v", fault)
			}
			if marked() {
				t.Error("the program, or the hook, was executed")
			}
		})
	}
}

// TestDirectoryIsEnteredBeforeTheFilter: a filter that forbids it does not keep the program
// from its working directory.
//
// SPEC: M-ACT-2, M-ACT-3
func TestDirectoryIsEnteredBeforeTheFilter(t *testing.T) {
	harness.Need(t, harness.Root) // loading a filter without no_new_privs needs it
	for name, number := range map[string]uintptr{"chdir": unix.SYS_CHDIR, "getcwd": unix.SYS_GETCWD} {
		t.Run(name, func(t *testing.T) {
			execution, marked := marking(t)
			execution.Execute.NoNewPrivs = false
			execution.Execute.Filter = refuse(unix.SECCOMP_RET_ERRNO|uint32(unix.EXDEV), number)
			w := startWalk(t, job{Execution: execution}, nil)
			w.begin()
			if state := w.end(); !state.Success() || !marked() {
				t.Errorf("the program was executed: %t; the child ended with %v", marked(), state)
			}
		})
	}
}

// TestDirectoryOfTheUser: a directory that the child may not enter is entered as the
// program's user, under a filter that is loaded first.
//
// SPEC: M-ACT-2, M-ACT-3, M-ACT-8
func TestDirectoryOfTheUser(t *testing.T) {
	harness.Need(t, harness.Root)
	const user = 1001
	for _, test := range []struct {
		name, call string // the call that the filter refuses, if any
		number     uintptr
		owner      int
		errno      syscall.Errno // of the chdir or getcwd that fails
	}{
		{name: "no filter", owner: user},
		{name: "chdir refused", call: "chdir", number: unix.SYS_CHDIR, owner: user, errno: unix.EXDEV},
		{name: "getcwd refused", call: "getcwd", number: unix.SYS_GETCWD, owner: user, errno: unix.EXDEV},
		{name: "not the user's either", call: "chdir", owner: user + 1, errno: unix.EACCES},
	} {
		t.Run(test.name, func(t *testing.T) {
			directory := harness.Directory(t)
			if err := errors.Join(os.Chmod(directory, 0o700), os.Chown(directory, test.owner, test.owner)); err != nil {
				t.Fatal(err)
			}
			execution := shell("echo > mark")
			execution.Execute = &protocol.Execute{Directory: directory, UID: user, GID: user}
			if test.number != 0 {
				execution.Execute.Filter = refuse(unix.SECCOMP_RET_ERRNO|uint32(unix.EXDEV), test.number)
			}
			// Root without permission to override file modes. The capability set is the
			// thread's, which ends with the test.
			runtime.LockOSThread()
			for _, capability := range []uintptr{unix.CAP_DAC_OVERRIDE, unix.CAP_DAC_READ_SEARCH} {
				if err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0); err != nil {
					t.Fatal(err)
				}
			}
			w := startWalk(t, job{Execution: execution}, nil)
			if test.errno == 0 {
				w.begin()
				w.end()
			} else if fault := w.fails(protocol.CodeExec); fault.Call != test.call || fault.Errno != test.errno || fault.Path != "process.cwd" {
				t.Errorf("the Fault is %+v", fault)
			}
			if _, err := os.Stat(filepath.Join(directory, "mark")); (err == nil) != (test.errno == 0) {
				t.Errorf("the program's mark: %v", err)
			}
		})
	}
}

// TestEarlyFailures: the steps before any filter fail.
//
// SPEC: M-ACT-8, M-EXE-4
func TestEarlyFailures(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Execution)
		code   protocol.Code
		call   string
		errno  syscall.Errno
		object string
	}{
		{"limit", func(e *Execution) {
			e.Limits = []*protocol.ResourceLimit{{Resource: unix.RLIMIT_NOFILE, Soft: 2, Hard: 1}}
		}, protocol.CodeOperation, "prlimit", unix.EINVAL, "RLIMIT_NOFILE 2:1"},
		{"filter", func(e *Execution) { e.Execute.Filter = make([]byte, 8) }, protocol.CodeSeccomp, "seccomp", unix.EINVAL, "a filter of 1 instructions"},
		{"directory", func(e *Execution) { e.Execute.Directory = "/no/such" }, protocol.CodeExec, "chdir", unix.ENOENT, "/no/such"},
		{"program is missing", func(e *Execution) { e.Programs = []Program{{Path: "/no/such"}} }, protocol.CodeExec, "execve", unix.ENOENT, "/no/such"},
		{"program is none", func(e *Execution) { e.Programs = []Program{{Path: "/etc/passwd"}} }, protocol.CodeExec, "execve", unix.EACCES, "/etc/passwd"},
	} {
		t.Run(test.name, func(t *testing.T) {
			execution, marked := marking(t)
			test.change(&execution)
			fault := startWalk(t, job{Execution: execution}, nil).fails(test.code)
			if fault.Call != test.call || fault.Errno != test.errno || fault.Object != test.object {
				t.Errorf("the Fault is %+v; want %s of %s: %v", fault, test.call, test.object, test.errno)
			}
			if marked() {
				t.Error("the program was executed")
			}
		})
	}
}

// TestUnprivilegedFilter: whoever may not load a filter without no_new_privs gets neither.
//
// SPEC: M-ACT-9
func TestUnprivilegedFilter(t *testing.T) {
	harness.Need(t, harness.Root) // to become another user
	execution, marked := marking(t)
	execution.Execute = &protocol.Execute{Directory: "/", UID: 65534, GID: 65534, Filter: allowAll}
	w := startWalk(t, job{Execution: execution}, func(c *exec.Cmd) {
		c.SysProcAttr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
	})
	if fault := w.fails(protocol.CodeSeccomp); fault.Call != "seccomp" || fault.Errno != unix.EACCES {
		t.Errorf("the Fault is %+v", fault)
	}
	if marked() {
		t.Error("the program was executed")
	}
}

// TestDirectoryOutside: a working directory that is not beneath the root, or no longer
// exists, is refused, however it got into the plan.
//
// SPEC: M-ACT-4
func TestDirectoryOutside(t *testing.T) {
	for name, j := range map[string]job{
		"outside": {Outside: t.TempDir()},
		"gone":    {Gone: filepath.Join(t.TempDir(), "gone")},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "outside" {
				harness.Need(t, harness.Root) // for chroot(2)
			}
			execution, marked := marking(t)
			execution.Execute.Directory = "."
			j.Execution = execution
			fault := startWalk(t, j, nil).fails(protocol.CodeExec)
			if fault.Call != "getcwd" || fault.Path != "process.cwd" {
				t.Errorf("the Fault is %+v", fault)
			}
			if marked() {
				t.Error("the program was executed")
			}
		})
	}
}

// TestDescriptors: the program has its standard descriptors and the preserved ones, a hook
// has its standard descriptors, whatever else was open.
//
// SPEC: M-ACT-6
func TestDescriptors(t *testing.T) {
	const list = `d=0; while [ $d -lt 50 ]; do if [ -L /proc/$$/fd/$d ]; then printf "%s " $d; fi; d=$((d+1)); done`
	for preserved, want := range map[uint32]string{0: "0 1 2 ", 2: "0 1 2 3 4 "} {
		t.Run(fmt.Sprint(preserved, " preserved"), func(t *testing.T) {
			hooked := filepath.Join(t.TempDir(), "hook")
			execution := shell(list)
			execution.Execute.PreservedFDs = preserved
			execution.Hooks = []*protocol.Hook{
				{Point: "startContainer", Path: "/bin/true", Arguments: []string{"true"}},
				{Point: "startContainer", Path: "/bin/sh", Arguments: []string{"sh", "-c", "exec >" + hooked + ";" + list}},
			}
			w := startWalk(t, job{Execution: execution, Leaks: 5}, nil)
			w.begin()
			if state := w.end(); !state.Success() || w.output.String() != want {
				t.Errorf("the program has %q, want %q; it ended with %v", &w.output, want, state)
			}
			if content, err := os.ReadFile(hooked); string(content) != "0 1 2 " {
				t.Errorf("the hook has %q, %v", content, err)
			}
		})
	}
}
