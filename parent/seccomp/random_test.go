package seccomp

import (
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// choices is a finite source of decisions: first the given bytes, then zeros.
type choices struct{ bytes []byte }

func (c *choices) next() byte {
	if len(c.bytes) == 0 {
		return 0
	}
	b := c.bytes[0]
	c.bytes = c.bytes[1:]
	return b
}

func (c *choices) below(n int) int { return (int(c.next())<<8 | int(c.next())) % n }

func pick[T any](c *choices, from []T) T { return from[c.below(len(from))] }

// edges are argument values at which 32-bit halves go wrong.
var edges = []uint64{
	0, 1, 2, 0xff, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<32 + 1, 1<<33 - 1,
	1<<63 - 1, 1 << 63, 1<<64 - 1<<32, 1<<64 - 1<<32 + 1, 1<<64 - 2, 1<<64 - 1, 0x7e020000, 0x5_00000003, 0x3_00000005,
}

// randomProfile builds a valid profile from bytes. A few names recur often, so that a call
// has several rules.
func randomProfile(bytes []byte) *specs.LinuxSeccomp {
	c := &choices{bytes}
	defaults := []specs.LinuxSeccompAction{
		specs.ActErrno, specs.ActAllow, specs.ActKill, specs.ActKillProcess, specs.ActKillThread,
		specs.ActTrap, specs.ActLog, specs.ActTrace,
	}
	profile := &specs.LinuxSeccomp{DefaultAction: pick(c, defaults), ListenerPath: "/run/listener"}
	profile.DefaultErrnoRet = randomErrno(c, profile.DefaultAction)
	for range c.below(4) {
		profile.Architectures = append(profile.Architectures, specs.Arch(pick(c, Architectures())))
	}
	var pool []string
	for range 1 + c.below(12) {
		pool = append(pool, syscallNames[c.below(len(syscallNames))])
	}
	pool = append(pool, "socket", "socketcall", "semop", "ipc", "sync_file_range2", "no_such_call")
	for len(c.bytes) > 0 && len(profile.Syscalls) < 24 {
		rule := specs.LinuxSyscall{Action: specs.LinuxSeccompAction(pick(c, Actions()))}
		rule.ErrnoRet = randomErrno(c, rule.Action)
		for range 1 + c.below(4) {
			if name := pick(c, pool); name != handovers[1] {
				rule.Names = append(rule.Names, name)
			}
		}
		for range []int{0, 0, 1, 1, 2, 3, 6}[c.below(7)] {
			rule.Args = append(rule.Args, specs.LinuxSeccompArg{
				Index: uint(c.below(6)) & uint(c.next()), Op: specs.LinuxSeccompOperator(pick(c, Operators())),
				Value: pick(c, edges), ValueTwo: pick(c, edges),
			})
		}
		if len(rule.Names) > 0 {
			profile.Syscalls = append(profile.Syscalls, rule)
		}
	}
	if slices.ContainsFunc(profile.Syscalls, func(r specs.LinuxSyscall) bool { return r.Action == specs.ActNotify }) {
		profile.Syscalls = append(profile.Syscalls, specs.LinuxSyscall{Names: handovers[1:], Action: specs.ActAllow})
	}
	return profile
}

func randomErrno(c *choices, a specs.LinuxSeccompAction) *uint {
	number := uint(c.below(4096))
	if a != specs.ActErrno && a != specs.ActTrace || number%3 == 0 {
		return nil
	}
	return &number
}

func randomBytes(r *rand.Rand, n int) []byte {
	bytes := make([]byte, n)
	for i := range bytes {
		bytes[i] = byte(r.Uint32())
	}
	return bytes
}

// audits are the audit architectures of all ABIs, of one that is foreign (s390x), and none.
var audits = []uint32{0xc000003e, 0x40000003, 0xc00000b7, 0x40000028, 0xc00000f3, 0x80000016, 0}

// probe calls visit with the calls for which the filter of a profile could be wrong: at and
// around every number that has rules and the ends of the number spaces, with arguments at
// and around all values that the rules compare with. The same profile and the same r give
// the same calls in the same order.
func probe(goarch string, profile *specs.LinuxSeccomp, r *rand.Rand, visit func(*data)) {
	for _, audit := range audits {
		ends := []uint32{0, 1, 101, 102, 117, 471, 472, 0x0effff, 0x0f0000, 0x0f0001, 0x0f0007, 1<<30 - 1, 1 << 30, 1<<30 + 600, 1<<31 - 1, 1 << 31, 3 << 30, 1<<32 - 1}
		for _, number := range ends {
			visit(&data{number: number, architecture: audit, arguments: [6]uint64{uint64(r.Uint32N(32))}})
		}
		for _, abi := range slices.Sorted(maps.Keys(nameTables())) {
			calls := nameTables()[abi].calls
			if got, _ := abiOf(goarch, &data{number: calls[0].number, architecture: audit}); got != abi {
				continue
			}
			for _, c := range calls {
				name, number := syscallNames[c.name], c.number
				values, ruled := comparedValues(profile, name)
				if !ruled {
					visit(&data{number: number, architecture: audit})
					continue
				}
				probeArguments(r, rulesFor(profile, name), values, func(arguments [6]uint64) {
					visit(&data{number, audit, r.Uint64(), arguments})
					if r.IntN(4) == 0 {
						visit(&data{number - 1, audit, 0, arguments})
						visit(&data{number + 1, audit, 0, arguments})
					}
				})
			}
		}
	}
}

func rulesFor(profile *specs.LinuxSeccomp, call string) (rules []specs.LinuxSyscall) {
	for _, rule := range profile.Syscalls {
		if names(rule, call) {
			rules = append(rules, rule)
		}
	}
	return rules
}

// comparedValues returns, for each argument of a call, the values that rules compare it with.
func comparedValues(profile *specs.LinuxSeccomp, call string) (values [6][]uint64, ruled bool) {
	if call == "socketcall" || call == "ipc" {
		ruled = true
		for selector := range uint64(26) {
			values[0] = append(values[0], selector, selector|7<<16)
		}
	}
	for _, rule := range rulesFor(profile, call) {
		ruled = true
		for _, c := range rule.Args {
			if c.Op == specs.OpMaskedEqual {
				values[c.Index] = append(values[c.Index], c.ValueTwo&c.Value, c.ValueTwo|^c.Value, c.Value)
			} else {
				values[c.Index] = append(values[c.Index], c.Value)
			}
		}
	}
	return values, ruled
}

func probeArguments(r *rand.Rand, rules []specs.LinuxSyscall, values [6][]uint64, visit func([6]uint64)) {
	var candidates [6][]uint64
	for i := range values {
		for _, v := range values[i] {
			candidates[i] = append(candidates[i], v, v-1, v+1, v^1<<32, v^1<<63, v<<32|v>>32, uint64(uint32(v)), v>>32<<32, ^v)
		}
		candidates[i] = append(candidates[i], 0, 1<<64-1, r.Uint64())
	}
	random := func() (arguments [6]uint64) {
		for i := range arguments {
			arguments[i] = candidates[i][r.IntN(len(candidates[i]))]
		}
		return arguments
	}
	for range 8 {
		visit(random())
	}
	for i := range candidates {
		if len(values[i]) == 0 {
			continue
		}
		for _, v := range candidates[i] {
			arguments := random()
			arguments[i] = v
			visit(arguments)
		}
	}
	for _, rule := range rules {
		for _, c := range rule.Args {
			for range 4 {
				// Arguments that satisfy the rule as far as possible, and this condition in
				// particular.
				arguments := random()
				for _, other := range append(slices.Clone(rule.Args), c) {
					for range 16 {
						if holds(other, arguments[other.Index]) {
							break
						}
						arguments[other.Index] = candidates[other.Index][r.IntN(len(candidates[other.Index]))]
					}
				}
				visit(arguments)
			}
		}
	}
}
