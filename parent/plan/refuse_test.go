package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/protocol"
)

// strings2MiB is an environment of 2 MiB: long strings and many short ones.
func strings2MiB() []string {
	var values []string
	for i := range 14 {
		values = append(values, fmt.Sprintf("LONG%d=%s", i, strings.Repeat("x", protocol.MaxArgument-8)))
	}
	for i := range 16384 {
		values = append(values, fmt.Sprintf("SHORT%d=0123456789", i))
	}
	return values
}

var mappedBind = specs.Mount{
	Destination: "/a", Source: "/b", Options: []string{"bind", "idmap"},
	UIDMappings: []specs.LinuxIDMapping{{HostID: 1000, Size: 10}}, GIDMappings: []specs.LinuxIDMapping{{HostID: 1000, Size: 10}},
}

// TestRefusals: what cannot be lowered is refused with the place in the configuration, the
// value, and what is allowed.
//
// SPEC: M-LIM-1
func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*specs.Spec, *Facts)
		path   string
		words  []string
	}{
		{"argument too long", func(s *specs.Spec, _ *Facts) {
			s.Process.Args = append(s.Process.Args, strings.Repeat("a", 200<<10))
		}, "process.args[1]", []string{"204800 bytes", "131071"}},
		{"environment string too long", func(s *specs.Spec, _ *Facts) {
			s.Process.Env = []string{"A=1", "B=" + strings.Repeat("b", protocol.MaxArgument)}
		}, "process.env[1]", []string{"131073 bytes", "131071"}},
		{"too much for the stack limit", func(s *specs.Spec, f *Facts) {
			s.Process.Env, f.Stack = make([]string, 58252), 2<<20
		}, "process.env", []string{"524296 bytes", "at most 524288,", "stack limit of 2097152", "RLIMIT_STACK of 25165824"}},
		{"too much for the limit of rlimits", func(s *specs.Spec, _ *Facts) {
			s.Process.Env = make([]string, 14561)
			s.Process.Rlimits = []specs.POSIXRlimit{{Type: "RLIMIT_STACK", Soft: 4096, Hard: 1 << 30}}
		}, "process.env", []string{"131077 bytes", "at most 131072,", "stack limit of 4096"}},
		{"too much for any stack limit", func(s *specs.Spec, _ *Facts) {
			s.Process.Args = append(s.Process.Args, make([]string, 700_000)...)
		}, "process.env", []string{"6300028 bytes", "at most 6291456, which is what execve(2) takes"}},
		{"groups without setgroups", func(s *specs.Spec, f *Facts) {
			f.Unprivileged, f.NoGroups = true, true
			s.Process.User.AdditionalGids = []uint32{10, 20}
		}, "process.user.additionalGids", []string{"[10 20]", "setgroups(2) is denied"}},
		{"profile without AppArmor", func(s *specs.Spec, _ *Facts) { s.Process.ApparmorProfile = "p" },
			"process.apparmorProfile", []string{"p, and AppArmor is not enabled in this kernel", "no profile, or unconfined"}},
		{"label without SELinux", func(s *specs.Spec, f *Facts) { s.Process.SelinuxLabel, f.AppArmor = "l", true },
			"process.selinuxLabel", []string{"l, and SELinux is not enabled in this kernel", "no label"}},
		{"mount label without SELinux", func(s *specs.Spec, _ *Facts) { s.Linux.MountLabel = "l" },
			"linux.mountLabel", []string{"l, and SELinux is not enabled in this kernel", "no label"}},
		{"two labels", func(s *specs.Spec, f *Facts) {
			s.Process.ApparmorProfile, s.Process.SelinuxLabel, f.AppArmor, f.SELinux = "p", "l", true, true
		}, "process.selinuxLabel", []string{"l beside process.apparmorProfile", "one of them"}},
		{"the host's cgroup tree where there is none", func(s *specs.Spec, f *Facts) {
			s.Mounts, f.CgroupMount = []specs.Mount{proc, cgroup}, ""
		}, "mounts[1].type", []string{`"cgroup" is to show the host's cgroup2 tree`, "not mounted", `"cgroup" namespace of the container's own`}},
		{"two propagations", func(s *specs.Spec, _ *Facts) {
			s.Mounts = []specs.Mount{proc, {Destination: "/a", Source: "/b", Options: []string{"bind", "shared", "private"}}}
		}, "mounts[1].options", []string{"2 propagation types", "one of shared"}},
		{"recursive and plain propagation", func(s *specs.Spec, _ *Facts) {
			s.Mounts = []specs.Mount{{Destination: "/a", Source: "/b", Options: []string{"rbind", "slave", "rshared"}}}
		}, "mounts[0].options", []string{"2 propagation types", "one of shared"}},
		{"mapping of owners without privileges", func(s *specs.Spec, f *Facts) {
			f.Unprivileged = true
			s.Mounts = []specs.Mount{mappedBind}
		}, "mounts[0]", []string{"nobody but root"}},
		{"mapping of owners on a volume shared with the host", func(s *specs.Spec, _ *Facts) {
			s.Linux.RootfsPropagation = "rshared"
			s.Mounts = []specs.Mount{mappedBind}
			s.Mounts[0].Options = []string{"bind", "idmap", "rshared"}
		}, "mounts[0].options", []string{"mapping of owners", "show on the host", "one of the two"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec, facts := small(), facts()
			test.change(spec, facts)
			_, err := Init(spec, facts)
			var refused *bundle.Error
			if !errors.As(err, &refused) || refused.Path != test.path {
				t.Fatalf("error %v; want one about %s", err, test.path)
			}
			for _, word := range test.words {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("error %q does not say %q", err, word)
				}
			}
			if len(err.Error()) > 1000 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

// TestUnprivilegedExecRefusesGroups: the same applies to a process that joins.
func TestUnprivilegedExecRefusesGroups(t *testing.T) {
	spec, facts := small(), facts()
	facts.NoGroups = true
	process := &specs.Process{Cwd: "/", Args: []string{"sh"}, User: specs.User{AdditionalGids: []uint32{1}}}
	if _, err := Exec(spec, process, facts); err == nil || !strings.Contains(err.Error(), "process.user.additionalGids") {
		t.Fatalf("error %v", err)
	}
}

// TestStringsArriveWhole: however they are divided, the joined values of all operations are
// those in the configuration, and each operation fits into a frame.
//
// SPEC: M-LIM-3, M-PLAN-7
func TestStringsArriveWhole(t *testing.T) {
	longest := strings.Repeat("z", protocol.MaxArgument)
	for name, values := range map[string][]string{
		"none":              nil,
		"one":               {"a"},
		"empty ones":        make([]string, 5000),
		"the longest":       {longest, longest, longest},
		"long behind short": {"a", "b", longest, "c"},
		"2 MiB":             strings2MiB(),
	} {
		t.Run(name, func(t *testing.T) {
			spec := small()
			spec.Process.Args, spec.Process.Env = append([]string{"/bin/true"}, values...), values
			plan, err := Init(spec, facts())
			if err != nil {
				t.Fatal(err)
			}
			fits(t, plan)
			var arguments, environment []string
			for _, op := range plan.Ops {
				switch op := op.(type) {
				case *protocol.Arguments:
					arguments = append(arguments, op.Values...)
				case *protocol.Environment:
					environment = append(environment, op.Values...)
				}
			}
			if !slices.Equal(arguments, spec.Process.Args) || !slices.Equal(environment, values) {
				t.Errorf("%d arguments and %d environment strings arrived; there were %d and %d",
					len(arguments), len(environment), len(spec.Process.Args), len(values))
			}
		})
	}
}

func withMounts(count int) *specs.Spec {
	spec := small()
	for i := range count {
		spec.Mounts = append(spec.Mounts, specs.Mount{Destination: fmt.Sprintf("/m/%d", i), Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "size=4k"}})
	}
	return spec
}

// TestManyMounts: 5,000 are no problem, 40,000 are more than a plan may contain.
//
// SPEC: M-LIM-1, M-LIM-3
func TestManyMounts(t *testing.T) {
	plan, err := Init(withMounts(5000), facts())
	if err != nil {
		t.Fatal(err)
	}
	fits(t, plan)
	if parts, _ := protocol.Cut(plan.Ops); len(parts) < 2 {
		t.Errorf("%d operations in %d part", len(plan.Ops), len(parts))
	}
	plan, err = Init(withMounts(40000), facts())
	if err == nil {
		_, err = protocol.Cut(plan.Ops)
	}
	if err == nil || !strings.Contains(err.Error(), "operations; allowed are 32768") {
		t.Fatalf("error %v", err)
	}
}

// TestOperationOutOfRange: an operation that fits into no frame is refused, with the
// operation and its place.
//
// SPEC: M-LIM-1
func TestOperationOutOfRange(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*specs.Spec)
		words  []string
	}{
		{"path", func(s *specs.Spec) {
			s.Linux.MaskedPaths = []string{"/ok", "/" + strings.Repeat("p", protocol.MaxPath)}
		},
			[]string{"linux.maskedPaths[1]", "4096", "4095"}},
		{"host name", func(s *specs.Spec) { s.Hostname = strings.Repeat("h", 65) }, []string{"hostname", "65", "64"}},
		{"groups", func(s *specs.Spec) { s.Process.User.AdditionalGids = make([]uint32, protocol.MaxGroups+1) },
			[]string{"process", "2049", "2048"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec := small()
			test.change(spec)
			plan, err := Init(spec, facts())
			if err != nil {
				t.Fatal(err)
			}
			_, err = protocol.Cut(plan.Ops)
			if err == nil {
				t.Fatal("it was cut")
			}
			for _, word := range test.words {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("error %q does not say %q", err, word)
				}
			}
			if len(err.Error()) > 6000 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}
