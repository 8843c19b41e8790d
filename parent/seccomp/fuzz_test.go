package seccomp

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// check compiles a profile for a machine and compares the filter with the profile on many calls.
func check(t *testing.T, m *machine, profile *specs.LinuxSeccomp, seed uint64) *interpreter {
	t.Helper()
	filter, err := compileFor(m, profile)
	if err != nil {
		t.Fatal(err)
	}
	return checkFilter(t, m, profile, filter, seed)
}

func checkFilter(t *testing.T, m *machine, profile *specs.LinuxSeccomp, filter *Filter, seed uint64) *interpreter {
	t.Helper()
	p := newInterpreter(filter.Instructions)
	if err := p.verify(); err != nil {
		t.Fatal(err)
	}
	reference := newReference(m.goarch, profile)
	probe(m.goarch, profile, rand.New(rand.NewPCG(seed, 0)), func(d *data) {
		if err := reference.difference(p, d); err != nil {
			t.Fatal(err)
		}
	})
	return p
}

// FuzzCompile compares filters with the profiles they were compiled from. The input is a profile in
// JSON, or else bytes for randomProfile.
func FuzzCompile(f *testing.F) {
	for _, profile := range curatedProfiles() {
		encoded, err := json.Marshal(profile)
		if err != nil {
			f.Fatal(err)
		}
		for i := range machines {
			f.Add(encoded, uint8(i), uint64(0))
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 24 {
		f.Add(randomBytes(r, 20*i), uint8(i), uint64(i))
	}
	f.Fuzz(func(t *testing.T, input []byte, goarch uint8, seed uint64) {
		m := &machines[int(goarch)%len(machines)]
		var profile *specs.LinuxSeccomp
		generated := len(input) == 0 || input[0] != '{'
		if generated {
			profile = randomProfile(input)
		} else if err := json.Unmarshal(input, &profile); err != nil {
			return
		}
		filter, err := compileFor(m, profile)
		switch {
		case err != nil && generated:
			t.Fatalf("a valid profile is refused: %v", err)
		case err != nil && !strings.HasPrefix(err.Error(), "linux.seccomp"):
			t.Fatalf("the error does not begin with a path: %v", err)
		case err == nil && len(profile.Syscalls) < 100:
			checkFilter(t, m, profile, filter, seed)
		}
	})
}
