package preflight

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
)

// actionsFile lists the actions that the kernel supports (seccomp(2)).
const actionsFile = "/proc/sys/kernel/seccomp/actions_avail"

// kernelActions maps actions to the kernel's names.
var kernelActions = map[specs.LinuxSeccompAction]string{
	specs.ActKill: "kill_thread", specs.ActKillThread: "kill_thread", specs.ActKillProcess: "kill_process",
	specs.ActTrap: "trap", specs.ActErrno: "errno", specs.ActTrace: "trace", specs.ActLog: "log",
	specs.ActNotify: "user_notif", specs.ActAllow: "allow",
}

// filterActions checks whether the kernel supports the profile's actions.
func filterActions(profile *specs.LinuxSeccomp) Check {
	const from = "linux.seccomp"
	available, err := readTrimmed(actionsFile)
	if err != nil {
		return judge("seccomp", "", from, err).remedy("use a kernel with CONFIG_SECCOMP_FILTER")
	}
	wanted := []specs.LinuxSeccompAction{profile.DefaultAction}
	for _, rule := range profile.Syscalls {
		if !slices.Contains(wanted, rule.Action) {
			wanted = append(wanted, rule.Action)
		}
	}
	var names []string
	for _, action := range wanted {
		if !slices.Contains(strings.Fields(available), kernelActions[action]) {
			return judge("seccomp", string(action), from, errors.New("this kernel does not know the action")).remedy("use a newer kernel, or another action")
		}
		names = append(names, string(action))
	}
	return Check{Name: "seccomp", Object: strings.Join(names, " "), From: from, Result: Holds}
}

// call is a system call that the child makes while its filter is in force.
type call struct {
	name   string
	number uint32
	needed func(*protocol.Execute, []protocol.Op) bool
}

func always(*protocol.Execute, []protocol.Op) bool { return true }

// early: the filter is loaded before the credentials are set (SPEC.md,
// "Privileged acts", step 5).
func early(op *protocol.Execute, _ []protocol.Op) bool { return !op.NoNewPrivs }

func earlyWithGroups(op *protocol.Execute, _ []protocol.Op) bool {
	return !op.NoNewPrivs && op.SetsGroups
}

func earlyWithHooks(op *protocol.Execute, ops []protocol.Op) bool {
	return !op.NoNewPrivs && slices.ContainsFunc(ops, func(one protocol.Op) bool {
		hook, is := one.(*protocol.Hook)
		return is && hook.Point == "startContainer"
	})
}

// handoffCalls lists the system calls that the child makes under its own filter (SPEC.md,
// "Privileged acts", steps 6 to 14).
var handoffCalls = [...]call{
	{"umask", unix.SYS_UMASK, early},
	{"setgroups", unix.SYS_SETGROUPS, earlyWithGroups},
	{"prctl", unix.SYS_PRCTL, early},
	{"setresgid", unix.SYS_SETRESGID, early},
	{"setresuid", unix.SYS_SETRESUID, early},
	{"capset", unix.SYS_CAPSET, early},
	{"clone3", unix.SYS_CLONE3, earlyWithHooks},
	{"pidfd_open", unix.SYS_PIDFD_OPEN, earlyWithHooks},
	{"ppoll", unix.SYS_PPOLL, earlyWithHooks},
	{"wait4", unix.SYS_WAIT4, earlyWithHooks},
	{"execve", unix.SYS_EXECVE, always},
}

// Blocked returns those of the child's own system calls that its filter blocks.
func Blocked(w *Wanted) []string {
	last, is := w.Ops[len(w.Ops)-1].(*protocol.Execute)
	if w.Filter == nil || !is {
		return nil
	}
	var blocked []string
	for _, one := range handoffCalls {
		if one.needed(last, w.Ops) && !w.Filter.Lets(one.number) {
			blocked = append(blocked, one.name)
		}
	}
	return blocked
}

func handoff(w *Wanted) Check {
	const name, from = "seccomp and the start", "linux.seccomp"
	blocked := Blocked(w)
	if len(blocked) == 0 {
		return Check{Name: name, From: from, Result: Holds, Found: "the profile lets every system call of the start through"}
	}
	return judge(name, "", from, fmt.Errorf("the profile blocks %s, which the start needs", strings.Join(blocked, ", "))).
		remedy("allow them; with process.noNewPrivileges the profile is loaded last, and only execve has to be allowed")
}
