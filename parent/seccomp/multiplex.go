package seccomp

import "slices"

// multiplexed is a call that x86 also offers behind a multiplexer, whose first argument
// selects it. Its own arguments are then in memory, where a filter cannot look.
type multiplexed struct {
	name        string
	multiplexer string
	selector    uint64
	mask        uint64 // the bits of the first argument that select the call
}

const (
	socketcallMask = 1<<32 - 1
	ipcMask        = 1<<16 - 1 // the upper half is a version
)

// multiplexedCalls lists SYS_* of linux/net.h and the operations of linux/ipc.h.
var multiplexedCalls = [...]multiplexed{
	{"socket", "socketcall", 1, socketcallMask},
	{"bind", "socketcall", 2, socketcallMask},
	{"connect", "socketcall", 3, socketcallMask},
	{"listen", "socketcall", 4, socketcallMask},
	{"accept", "socketcall", 5, socketcallMask},
	{"getsockname", "socketcall", 6, socketcallMask},
	{"getpeername", "socketcall", 7, socketcallMask},
	{"socketpair", "socketcall", 8, socketcallMask},
	{"send", "socketcall", 9, socketcallMask},
	{"recv", "socketcall", 10, socketcallMask},
	{"sendto", "socketcall", 11, socketcallMask},
	{"recvfrom", "socketcall", 12, socketcallMask},
	{"shutdown", "socketcall", 13, socketcallMask},
	{"setsockopt", "socketcall", 14, socketcallMask},
	{"getsockopt", "socketcall", 15, socketcallMask},
	{"sendmsg", "socketcall", 16, socketcallMask},
	{"recvmsg", "socketcall", 17, socketcallMask},
	{"accept4", "socketcall", 18, socketcallMask},
	{"recvmmsg", "socketcall", 19, socketcallMask},
	{"sendmmsg", "socketcall", 20, socketcallMask},
	{"semop", "ipc", 1, ipcMask},
	{"semget", "ipc", 2, ipcMask},
	{"semctl", "ipc", 3, ipcMask},
	{"semtimedop", "ipc", 4, ipcMask},
	{"msgsnd", "ipc", 11, ipcMask},
	{"msgrcv", "ipc", 12, ipcMask},
	{"msgget", "ipc", 13, ipcMask},
	{"msgctl", "ipc", 14, ipcMask},
	{"shmat", "ipc", 21, ipcMask},
	{"shmdt", "ipc", 22, ipcMask},
	{"shmget", "ipc", 23, ipcMask},
	{"shmctl", "ipc", 24, ipcMask},
}

// addMultiplexed extends the rules for calls to their multiplexed forms. Conditions cannot
// be tested there, so a multiplexed form gets the most restrictive action that any
// arguments of the call could get. If that is the default action, nothing is added, and the
// multiplexer's own rules decide.
func (s *ruleSet) addMultiplexed() {
	var scratch []*rule
	for _, m := range multiplexedCalls {
		call, _ := slices.BinarySearch(syscallNames[:], m.name)
		scratch = s.of(call, scratch[:0])
		if len(scratch) == 0 {
			continue
		}
		v, ok := s.mostRestrictive(scratch)
		if !ok {
			continue
		}
		s.rules = append(s.rules, rule{v, []condition{{0, maskedEqual, false, m.mask, m.selector}}})
		multiplexer, _ := slices.BinarySearch(syscallNames[:], m.multiplexer)
		s.add(multiplexer)
	}
}

// mostRestrictive returns the verdict that wins if every condition holds. It returns false
// if the default action, taken if none holds, is at least as restrictive.
func (s *ruleSet) mostRestrictive(rules []*rule) (verdict, bool) {
	winner, fallsThrough := rules[0].verdict, true
	for _, r := range rules {
		if r.verdict.rank() < winner.rank() {
			winner = r.verdict
		}
		fallsThrough = fallsThrough && !r.unconditional()
	}
	return winner, !fallsThrough || winner.rank() < s.fallback.rank()
}
