package seccomp

import (
	"cmp"
	"slices"
)

// decision is what a filter does with a call once its number is known: the first matching
// rule gives the verdict, or otherwise if none matches.
type decision struct {
	rules     []*rule // all conditional
	otherwise verdict
}

// decisions holds every distinct decision of a filter once, so that calls with the same
// rules share code and neighbouring numbers with the same decision form one range.
type decisions struct {
	all     []decision
	byCall  []int32 // for each name in syscallNames, an index into all, or -1 if it has no rules
	scratch []*rule
}

// decide computes the decisions for all calls that have rules.
func decide(s *ruleSet) *decisions {
	d := &decisions{byCall: make([]int32, len(syscallNames))}
	for call := range d.byCall {
		d.byCall[call] = -1
		if s.last[call] > 0 {
			d.scratch = s.of(call, d.scratch[:0])
			d.byCall[call] = d.intern(simplify(d.scratch, s.fallback))
		}
	}
	return d
}

// simplify sorts a call's rules by rank and drops those that cannot change the outcome.
func simplify(rules []*rule, fallback verdict) decision {
	slices.SortStableFunc(rules, func(a, b *rule) int { return cmp.Compare(a.verdict.rank(), b.verdict.rank()) })
	result := decision{rules, fallback}
	if i := slices.IndexFunc(rules, (*rule).unconditional); i >= 0 {
		result = decision{rules[:i], rules[i].verdict}
	}
	for n := len(result.rules); n > 0 && result.rules[n-1].verdict == result.otherwise; n-- {
		result.rules = result.rules[:n-1]
	}
	return result
}

// intern returns the index of a decision, whose rules may be in the scratch slice.
func (d *decisions) intern(x decision) int32 {
	for i := range d.all {
		if d.all[i].otherwise == x.otherwise && slices.Equal(d.all[i].rules, x.rules) {
			return int32(i)
		}
	}
	x.rules = slices.Clone(x.rules)
	d.all = append(d.all, x)
	return int32(len(d.all) - 1)
}

// constant returns the index of the unconditional decision for a verdict.
func (d *decisions) constant(v verdict) int32 {
	return d.intern(decision{nil, v})
}

// notifies reports whether a call can be handed to a listener.
func (x *decision) notifies() bool {
	return x.otherwise.notifies() || slices.ContainsFunc(x.rules, func(r *rule) bool { return r.verdict.notifies() })
}

// assemble emits the test of the rules.
func (x *decision) assemble(a *assembler) label {
	entry := a.ret(x.otherwise)
	for i := len(x.rules) - 1; i >= 0; i-- {
		entry = x.rules[i].assemble(a, a.ret(x.rules[i].verdict), entry)
	}
	return entry
}
