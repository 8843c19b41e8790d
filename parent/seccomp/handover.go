package seccomp

import (
	"fmt"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// handovers lists the calls that can carry a descriptor, the usual one first. The process
// that loads a filter hands over its listener under that filter: a call that sends a
// notification would wait for the very agent that it is to reach.
var handovers = [...]string{"sendmsg", "sendmmsg"}

// handover returns the first of them that is allowed whatever its arguments are.
func (s *ruleSet) handover() (string, error) {
	for _, name := range handovers {
		if call, known := lookup(name); known && s.alwaysAllows(call) {
			return name, nil
		}
	}
	return "", fmt.Errorf("linux.seccomp.syscalls: a rule has the action %s, and neither %s nor %s, one of which hands the listener over, is always allowed; want one of them with %s",
		specs.ActNotify, handovers[0], handovers[1], specs.ActAllow)
}

func (s *ruleSet) alwaysAllows(call int) bool {
	decided := simplify(s.of(call, nil), s.fallback)
	return decided.otherwise.allows() && !slices.ContainsFunc(decided.rules, func(r *rule) bool { return !r.verdict.allows() })
}

// allows reports whether the call is made, whether or not it is logged.
func (v verdict) allows() bool {
	action := v & unix.SECCOMP_RET_ACTION_FULL
	return action == unix.SECCOMP_RET_ALLOW || action == unix.SECCOMP_RET_LOG
}
