package seccomp

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// maxRules limits how many pairs of a rule and a system call name a profile may have: far
// more than fits into a filter, but it bounds the work that a profile can cause.
const maxRules = 1 << 16

// rule is an entry of linux.seccomp.syscalls.
type rule struct {
	verdict    verdict
	conditions []condition // sorted by index
}

func (r *rule) unconditional() bool { return len(r.conditions) == 0 }

// parseRule checks everything in an entry except its names.
func parseRule(entry *specs.LinuxSyscall, number int) (rule, error) {
	_, v, err := parseAction(entry.Action, entry.ErrnoRet, path{number, -1, "action"}, path{number, -1, "errnoRet"})
	if err != nil {
		return rule{}, err
	}
	if len(entry.Names) == 0 {
		return rule{}, fmt.Errorf("linux.seccomp.syscalls[%d].names: empty, want at least one system call name", number)
	}
	if len(entry.Args) > maxInstructions {
		return rule{}, fmt.Errorf("linux.seccomp.syscalls[%d].args: %d conditions, want at most %d", number, len(entry.Args), maxInstructions)
	}
	r := rule{verdict: v}
	if len(entry.Args) > 0 {
		r.conditions = make([]condition, len(entry.Args))
	}
	for i := range entry.Args {
		if r.conditions[i], err = parseCondition(&entry.Args[i], path{number, i, ""}); err != nil {
			return rule{}, err
		}
	}
	slices.SortStableFunc(r.conditions, func(a, b condition) int { return cmp.Compare(a.index, b.index) })
	return r, nil
}

// assemble emits the test of all conditions. Execution continues at yes or at no.
func (r *rule) assemble(a *assembler, yes, no label) label {
	for end := len(r.conditions); end > 0; {
		start := end - 1
		for start > 0 && r.conditions[start-1].index == r.conditions[start].index {
			start--
		}
		yes = assembleAny(a, r.conditions[start:end], yes, no)
		end = start
	}
	return yes
}

// assembleAny emits the test of alternatives.
func assembleAny(a *assembler, alternatives []condition, yes, no label) label {
	for i := len(alternatives) - 1; i >= 0; i-- {
		no = alternatives[i].assemble(a, yes, no)
	}
	return no
}

// ruleSet holds the rules of a profile by system call.
type ruleSet struct {
	fallback      verdict // of the default action
	fallbackIsFor *action
	rules         []rule
	links         []link
	last          []int32 // for each name in syscallNames, 1 + the index of its last link, or 0
	skipped       []string
}

// link associates a rule with a system call. The links of a call form a list, last rule
// first.
type link struct {
	rule     int32
	previous int32 // 1 + the index of the previous link, or 0
}

// parseRules checks the default action and the entries of a profile.
func parseRules(profile *specs.LinuxSeccomp) (*ruleSet, error) {
	fallback, v, err := parseAction(profile.DefaultAction, profile.DefaultErrnoRet, top("defaultAction"), top("defaultErrnoRet"))
	if err != nil {
		return nil, err
	}
	if fallback.name == specs.ActNotify {
		return nil, fmt.Errorf("linux.seccomp.defaultAction: %s would stop the call that hands the listener over, want another action", specs.ActNotify)
	}
	total := 0
	for i := range profile.Syscalls {
		total += len(profile.Syscalls[i].Names)
	}
	if total > maxRules || len(profile.Syscalls) > maxRules {
		return nil, fmt.Errorf("linux.seccomp.syscalls: %d entries with %d names, want at most %d of each", len(profile.Syscalls), total, maxRules)
	}
	s := &ruleSet{
		fallback:      v,
		fallbackIsFor: fallback,
		rules:         make([]rule, 0, len(profile.Syscalls)),
		links:         make([]link, 0, total),
		last:          make([]int32, len(syscallNames)),
	}
	for i := range profile.Syscalls {
		entry := &profile.Syscalls[i]
		r, err := parseRule(entry, i)
		if err != nil {
			return nil, err
		}
		s.rules = append(s.rules, r)
		for _, name := range entry.Names {
			if call, ok := lookup(name); ok {
				s.add(call)
			} else if !slices.Contains(s.skipped, name) {
				s.skipped = append(s.skipped, name)
			}
		}
	}
	return s, nil
}

// add associates the latest rule with a call, once.
func (s *ruleSet) add(call int) {
	r := int32(len(s.rules) - 1)
	previous := s.last[call]
	if previous > 0 && s.links[previous-1].rule == r {
		return
	}
	s.links = append(s.links, link{r, previous})
	s.last[call] = int32(len(s.links))
}

// of appends a call's rules in the order of the profile.
func (s *ruleSet) of(call int, rules []*rule) []*rule {
	for l := s.last[call]; l > 0; l = s.links[l-1].previous {
		rules = append(rules, &s.rules[s.links[l-1].rule])
	}
	slices.Reverse(rules)
	return rules
}

// notifies reports whether a verdict hands the call to a listener.
func (v verdict) notifies() bool {
	return v&unix.SECCOMP_RET_ACTION_FULL == unix.SECCOMP_RET_USER_NOTIF
}
