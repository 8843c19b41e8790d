package seccomp

import (
	"fmt"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// A verdict is a filter's return value: the action in its upper 16 bits, the action's data
// in the lower 16.
type verdict uint32

const (
	killProcess verdict = unix.SECCOMP_RET_KILL_PROCESS
	noSyscall   verdict = unix.SECCOMP_RET_ERRNO | verdict(unix.ENOSYS)
)

// maxErrno is MAX_ERRNO of linux/err.h, the largest error number that a system call can return.
const maxErrno = 4095

// action is one SCMP_ACT_* of the OCI runtime specification.
type action struct {
	name       specs.LinuxSeccompAction
	verdict    verdict
	takesErrno bool
	permissive bool // the call is made, or a tracer decides
}

// actions is sorted from the most to the least restrictive.
var actions = [...]action{
	{name: specs.ActKillProcess, verdict: unix.SECCOMP_RET_KILL_PROCESS},
	{name: specs.ActKillThread, verdict: unix.SECCOMP_RET_KILL_THREAD},
	{name: specs.ActKill, verdict: unix.SECCOMP_RET_KILL_THREAD},
	{name: specs.ActTrap, verdict: unix.SECCOMP_RET_TRAP},
	{name: specs.ActErrno, verdict: unix.SECCOMP_RET_ERRNO, takesErrno: true},
	{name: specs.ActNotify, verdict: unix.SECCOMP_RET_USER_NOTIF},
	{name: specs.ActTrace, verdict: unix.SECCOMP_RET_TRACE, takesErrno: true, permissive: true},
	{name: specs.ActLog, verdict: unix.SECCOMP_RET_LOG, permissive: true},
	{name: specs.ActAllow, verdict: unix.SECCOMP_RET_ALLOW, permissive: true},
}

// Actions returns the SCMP_ACT_* names that Compile accepts, most restrictive first.
func Actions() []string {
	names := make([]string, len(actions))
	for i := range actions {
		names[i] = string(actions[i].name)
	}
	return names
}

// parseAction returns the named action and its verdict with errno, EPERM if errno is nil.
// The paths are those of both in the configuration.
func parseAction(name specs.LinuxSeccompAction, errno *uint, namePath, errnoPath path) (*action, verdict, error) {
	for i := range actions {
		a := &actions[i]
		switch {
		case a.name != name:
			continue
		case !a.takesErrno && errno != nil:
			return nil, 0, fmt.Errorf("%s: %d given, but %s takes no error number, only %s and %s do",
				errnoPath, *errno, name, specs.ActErrno, specs.ActTrace)
		case !a.takesErrno:
			return a, a.verdict, nil
		case errno == nil:
			return a, a.verdict | verdict(unix.EPERM), nil
		case *errno > maxErrno:
			return nil, 0, fmt.Errorf("%s: %d is not an error number, want 0 to %d", errnoPath, *errno, maxErrno)
		default:
			return a, a.verdict | verdict(*errno), nil
		}
	}
	return nil, 0, fmt.Errorf("%s: unknown action %q, want one of %s", namePath, name, list(Actions()))
}

// rank orders verdicts the way the kernel does for stacked filters: the smallest wins.
func (v verdict) rank() int32 {
	return int32(v & unix.SECCOMP_RET_ACTION_FULL)
}
