package parent

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// TestDerivedProcess: what a process that joins has more than the container's own must not
// reach the container's own, with which it is compared.
func TestDerivedProcess(t *testing.T) {
	own := func() *specs.Process {
		return &specs.Process{
			Terminal: true, Cwd: "/", Args: []string{"/bin/init"},
			Env:  append(make([]string, 0, 8), "A=1"),
			User: specs.User{AdditionalGids: append(make([]uint32, 0, 8), 4)},
			Capabilities: &specs.LinuxCapabilities{
				Bounding: append(make([]string, 0, 8), "CAP_KILL"), Effective: append(make([]string, 0, 8), "CAP_KILL"),
			},
		}
	}
	container := own()
	first, second := copyOf(container), copyOf(container)
	if first.Terminal {
		t.Error("it has the container's terminal")
	}
	for _, derived := range []*specs.Process{first, second} {
		derived.Args = []string{"/bin/other"}
		derived.Cwd += "tmp"
		derived.Env = append(derived.Env, "B=2")
		derived.User.AdditionalGids = append(derived.User.AdditionalGids, 5)
		derived.Capabilities.Bounding = append(derived.Capabilities.Bounding, "CAP_SYS_PTRACE")
		derived.Capabilities.Effective = nil
	}
	first.Env[1] = "B=3"
	if second.Env[1] != "B=2" {
		t.Error("two processes share what was appended")
	}
	if different := cmp.Diff(own(), container); different != "" {
		t.Errorf("the container's own process (- before, + after):\n%s", different)
	}
}
