package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent/state"
)

// denying denies some system calls.
func denying(newPrivs bool, names ...string) harness.Edit {
	return func(spec *specs.Spec) {
		spec.Process.NoNewPrivileges = !newPrivs
		spec.Linux.Seccomp = &specs.LinuxSeccomp{
			DefaultAction: specs.ActAllow,
			Architectures: []specs.Arch{specs.ArchX86_64},
			Syscalls:      []specs.LinuxSyscall{{Names: names, Action: specs.ActErrno}},
		}
	}
}

func TestSeccompDenies(t *testing.T) {
	// Whoever runs the tests may be confined, too.
	inherited, err := strconv.Atoi(newContainer(t, harness.Probing(t)).probe().Status["Seccomp_filters"])
	must(t, err)
	for name, newPrivs := range map[string]bool{"with no_new_privs": false, "without no_new_privs": true} {
		t.Run(name, func(t *testing.T) {
			report := newContainer(t, harness.Probing(t), denying(newPrivs, "getpriority")).probe()
			equal(t, "mode", "2", report.Status["Seccomp"])
			equal(t, "filters", strconv.Itoa(inherited+1), report.Status["Seccomp_filters"])
			equal(t, "getpriority", "EPERM", report.Attempts["getpriority"])
			equal(t, "personality", "success", report.Attempts["personality"])
			equal(t, "capabilities", "0000000020000420", report.Status["CapEff"])
		})
	}
}

// A filter that is loaded last need only allow the call that replaces the runtime by the
// program.
func TestSeccompNeedNotAllowTheRuntime(t *testing.T) {
	exits := func() *container {
		bundle := harness.Bundle(t, harness.Args("/bin/exit"), func(spec *specs.Spec) {
			spec.Linux.Seccomp = &specs.LinuxSeccomp{
				DefaultAction: specs.ActKillProcess,
				Syscalls:      []specs.LinuxSyscall{{Names: []string{"execve", "exit_group"}, Action: specs.ActAllow}},
			}
		})
		harness.ExitProgram(t, bundle+"/rootfs/bin/exit")
		return newContainerOf(t, bundle)
	}
	exits().succeed()
	created := exits()
	created.start()
	waitForStatus(created, state.Stopped)
}

func TestSeccompOfExecIsTheContainers(t *testing.T) {
	c := newContainer(t, harness.Probing(t), harness.Args("/bin/sleep", "1000"), denying(false, "getpriority"))
	c.start()
	report := parseReport(t, c.exec(&specs.Process{Args: []string{harness.ProbePath}, Cwd: "/"}))
	equal(t, "mode", "2", report.Status["Seccomp"])
	equal(t, "getpriority", "EPERM", report.Attempts["getpriority"])
}

// A filter that is asked for and cannot be loaded is an error.
//
// SPEC: M-ACT-9
func TestSeccompThatCannotBeLoaded(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/true"), func(spec *specs.Spec) {
		spec.Linux.Seccomp = &specs.LinuxSeccomp{
			DefaultAction: specs.ActAllow,
			Flags:         []specs.LinuxSeccompFlag{"SECCOMP_FILTER_FLAG_NO_SUCH"},
		}
	})
	if err := c.refuse(); !strings.Contains(err.Error(), "linux.seccomp.flags") {
		t.Errorf("the refusal %q does not name the place", err)
	}
	if entries, err := os.ReadDir(c.StateRoot); err != nil || len(entries) > 0 {
		t.Errorf("it left %v (%v)", entries, err)
	}
}

// Neither a filter that is loaded before the credentials change, nor the user's lack of
// rights, keeps the program from its working directory.
func TestWorkingDirectoryUnderAFilter(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/readlink", "/proc/self/cwd"), func(spec *specs.Spec) {
		spec.Process.Cwd = "/private"
		spec.Process.User = specs.User{UID: 1000, GID: 1000}
		spec.Process.NoNewPrivileges = false
		spec.Linux.Seccomp = &specs.LinuxSeccomp{
			DefaultAction: specs.ActAllow,
			Syscalls:      []specs.LinuxSyscall{{Names: []string{"getcwd", "chdir", "fchdir"}, Action: specs.ActErrno}},
		}
	})
	must(t, os.Mkdir(filepath.Join(c.Bundle, "rootfs/private"), 0o700))
	equal(t, "working directory", "/private", c.succeed())
}
