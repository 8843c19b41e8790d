package parent

import (
	"slices"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// TestAbstractNotifySocket: the name of such a socket belongs to a network namespace. It is
// passed on if that is the runtime's own, even if given by a path.
func TestAbstractNotifySocket(t *testing.T) {
	for name, test := range map[string]struct {
		namespaces []specs.LinuxNamespace
		passed     bool
	}{
		"no entry":        {nil, true},
		"the runtime's":   {[]specs.LinuxNamespace{{Type: specs.NetworkNamespace, Path: "/proc/self/ns/net"}}, true},
		"the container's": {[]specs.LinuxNamespace{{Type: specs.NetworkNamespace}}, false},
		"another by path": {[]specs.LinuxNamespace{{Type: specs.NetworkNamespace, Path: "/run/netns/missing"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			spec := &specs.Spec{Process: &specs.Process{}, Linux: &specs.Linux{Namespaces: test.namespaces}}
			warnings := 0
			activation := Activation{Notify: "@socket"}
			if err := activation.apply(spec, func(string) { warnings++ }); err != nil {
				t.Fatal(err)
			}
			if passed := slices.Contains(spec.Process.Env, "NOTIFY_SOCKET=@socket"); passed != test.passed || (warnings == 0) != passed {
				t.Errorf("passed on: %t, with %d warnings; want %t", passed, warnings, test.passed)
			}
		})
	}
}
