package seccomp

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// TestCuratedProfiles compares the filters of profiles that people write with their
// meaning. Probing must reach every instruction: one that is never executed is either
// useless or untested.
func TestCuratedProfiles(t *testing.T) {
	for name, profile := range curatedProfiles() {
		for i := range machines {
			t.Run(name+" on "+machines[i].goarch, func(t *testing.T) {
				p := check(t, &machines[i], profile, 1)
				for i, executed := range p.executed {
					if !executed {
						t.Errorf("instruction %d is never executed:\n%s", i, listing(p.program))
						break
					}
				}
			})
		}
	}
}

// coverageFloor is the share of instructions, in percent, that probing the filters of separated profiles
// must reach. The rest belongs to conditions that always hold or never do, such as x >= 0.
const coverageFloor = 98.5

// TestRandomProfiles compares filters of random profiles with their meaning: as generated,
// and separated, so that nothing in them overlaps and every instruction should be needed.
func TestRandomProfiles(t *testing.T) {
	pure(t)
	count := 1000
	if testing.Short() {
		count = 100
	}
	r := rand.New(rand.NewPCG(3, 4))
	executed, total := 0, 0
	for i := range count {
		profile := randomProfile(randomBytes(r, r.IntN(500)))
		m := &machines[i%len(machines)]
		check(t, m, profile, uint64(i))
		separate(profile)
		p := check(t, m, profile, uint64(i))
		total += len(p.program)
		executed += len(p.program) - p.unexecuted()
	}
	coverage := 100 * float64(executed) / float64(total)
	t.Logf("%.2f %% of %d instructions were executed", coverage, total)
	if coverage < coverageFloor {
		t.Errorf("%.2f %% of %d instructions were executed, want %.1f %%", coverage, total, coverageFloor)
	}
}

// separate leaves a profile one rule per call and one condition per argument.
func separate(profile *specs.LinuxSeccomp) {
	named := map[string]bool{"ipc": true, "socketcall": true} // which overlap with what they multiplex
	for i := range profile.Syscalls {
		rule := &profile.Syscalls[i]
		rule.Names = slices.DeleteFunc(rule.Names, func(name string) bool {
			seen := named[name]
			named[name] = true
			return seen
		})
		tested := map[uint]bool{}
		rule.Args = slices.DeleteFunc(rule.Args, func(c specs.LinuxSeccompArg) bool {
			seen := tested[c.Index]
			tested[c.Index] = true
			return seen
		})
	}
	profile.Syscalls = slices.DeleteFunc(profile.Syscalls, func(rule specs.LinuxSyscall) bool { return len(rule.Names) == 0 })
}

// mutants calls visit with every program that differs from the given one in a small way.
func mutants(program []Instruction, visit func(at int, mutant []Instruction)) {
	for i, original := range program {
		variants := []Instruction{original, original, original}
		switch original.Code {
		case jumpEqual:
			variants[0].K++
			variants[1].JT, variants[1].JF = original.JF, original.JT
			variants[2].Code = jumpGreaterEqual
		case jumpGreater, jumpGreaterEqual:
			variants[0].K++
			variants[1].JT, variants[1].JF = original.JF, original.JT
			variants[2].Code = jumpGreater + jumpGreaterEqual - original.Code
		case jumpAlways, returnConstant, andConstant:
			variants[0].K++
			variants = variants[:1]
		case loadWord:
			variants[0].K = (original.K + 4) % 64
			variants = variants[:1]
		}
		for _, variant := range variants {
			program[i] = variant
			visit(i, program)
		}
		program[i] = original
	}
}

// TestMutants checks the check: nearly every small change to a filter must be noticed.
// Those that are not lead to the same verdict in another way, such as x == 0 and x < 1.
func TestMutants(t *testing.T) {
	pure(t)
	const floor = 97.0
	profiles := curatedProfiles()
	noticed, total := 0, 0
	for _, name := range []string{"engine", "deny a few", "conditions on several arguments"} {
		profile := profiles[name]
		filter := compile(t, "amd64", profile)
		type sample struct {
			data data
			want uint32
		}
		var samples []sample
		reference := newReference("amd64", profile)
		probe("amd64", profile, rand.New(rand.NewPCG(5, 6)), func(d *data) {
			samples = append(samples, sample{*d, reference.evaluate(d)})
		})
		mutants(filter.Instructions, func(at int, mutant []Instruction) {
			total++
			p := newInterpreter(mutant)
			if p.verify() != nil {
				noticed++
				return
			}
			for i := range samples {
				if p.run(&samples[i].data) != samples[i].want {
					noticed++
					return
				}
			}
			t.Logf("%s: not noticed: instruction %d as %+v", name, at, mutant[at])
		})
	}
	if share := 100 * float64(noticed) / float64(total); share < floor {
		t.Errorf("%.1f %% of %d mutants were noticed, want %.1f %%", share, total, floor)
	}
}

// TestOperators checks every operator where the halves of an argument meet.
func TestOperators(t *testing.T) {
	const (
		hit  = 0x00050000 | 7
		miss = 0x7fff0000
	)
	for _, value := range edges {
		for _, operand := range edges {
			for _, tt := range []struct {
				op       specs.LinuxSeccompOperator
				valueTwo uint64
				want     bool
			}{
				{specs.OpNotEqual, 0, value != operand},
				{specs.OpLessThan, 0, value < operand},
				{specs.OpLessEqual, 0, value <= operand},
				{specs.OpEqualTo, 0, value == operand},
				{specs.OpGreaterEqual, 0, value >= operand},
				{specs.OpGreaterThan, 0, value > operand},
				{specs.OpMaskedEqual, value, true},
				{specs.OpMaskedEqual, 0, value&operand == 0},
				{specs.OpMaskedEqual, ^value, operand == 0},
			} {
				for index := range uint(6) {
					filter := compile(t, "amd64", &specs.LinuxSeccomp{
						DefaultAction: specs.ActAllow,
						Syscalls: []specs.LinuxSyscall{{
							Names: []string{"getpid"}, Action: specs.ActErrno, ErrnoRet: errno(7),
							Args: []specs.LinuxSeccompArg{{Index: index, Value: operand, ValueTwo: tt.valueTwo, Op: tt.op}},
						}},
					})
					d := data{number: 39, architecture: 0xc000003e}
					for i := range d.arguments {
						d.arguments[i] = ^value // what a wrong index would read
					}
					d.arguments[index] = value
					want := uint32(miss)
					if tt.want {
						want = hit
					}
					if got := newInterpreter(filter.Instructions).run(&d); got != want {
						t.Errorf("argument %d, %#x %s %#x (valueTwo %#x): %#x, want %#x", index, value, tt.op, operand, tt.valueTwo, got, want)
					}
				}
			}
		}
	}
}
