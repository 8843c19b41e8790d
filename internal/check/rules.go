package main

// architectures lists those that fsrun is built for.
var architectures = []string{"amd64", "arm64"}

// Packages are named by patterns of module-relative import paths: "/..." stands for a path
// and everything below it, as in go list. A path with a dot in its first element is in
// another module. "std" is the standard library.

// rule says what packages may import. It does not apply to test files.
type rule struct {
	packages string
	// only, if not empty, lists everything that the packages may import directly.
	only []string
	// never lists what they must not depend on, even indirectly.
	never []string
	why   string
}

const machinesArePure = "machines are pure: they are explored by the model and drawn from their rows"

var rules = []rule{
	{
		packages: "protocol",
		only:     []string{"std", "github.com/vmihailenco/msgpack/v5/..."},
		why:      "another implementation must be able to take the protocol for itself",
	},
	{
		packages: "protocol/machine",
		only:     []string{"std", "protocol", "github.com/looplab/fsm"},
		why:      machinesArePure,
	},
	{
		packages: "parent/machine",
		only:     []string{"std", "protocol", "protocol/machine", "github.com/looplab/fsm"},
		why:      machinesArePure,
	},
	{
		packages: "child/machine",
		only:     []string{"std", "protocol", "protocol/machine", "github.com/looplab/fsm"},
		why:      machinesArePure,
	},
	{
		packages: "internal/recording",
		never:    []string{"child/...", "cgroupv2/...", "cmd/..."},
		why:      "a recording is read with the tables of both machines and belongs to neither",
	},
	{
		packages: "parent/...",
		never:    []string{"child/..."},
		why:      "the two sides agree through the protocol and nothing else",
	},
	{
		packages: "child/...",
		never: []string{
			"parent/...", "cgroupv2/...", "cmd/...",
			"github.com/cilium/ebpf/...", "github.com/godbus/dbus/v5", "github.com/opencontainers/runtime-spec/...", "github.com/spf13/pflag/...",
			// The child does not need these, and each would be initialized at every start.
			"net", "encoding/json", "encoding/xml", "os/exec", "os/signal", "flag", "regexp", "text/template", "text/tabwriter",
		},
		why: "the child does what the plan says: it has no host powers, reads no config, and must start fast",
	},
	{
		packages: "cgroupv2/...",
		never:    []string{"protocol/...", "parent/...", "child/...", "cmd/..."},
		why:      "cgroups know nothing of containers being started",
	},
	{
		packages: "cgroupv2",
		never:    []string{"github.com/godbus/dbus/v5", "cgroupv2/systemd"},
		why:      "the cgroup file system works without systemd",
	},
	{
		packages: "protocol/...",
		never:    []string{"parent/...", "child/...", "cgroupv2/...", "cmd/..."},
		why:      "the protocol knows neither of those who speak it",
	},
	{
		packages: "internal/sys/...",
		never:    []string{"protocol/...", "parent/...", "child/...", "cgroupv2/...", "cmd/..."},
		why:      "system calls know nothing of what they are used for",
	},
	{
		packages: "cmd/fsrun",
		never:    []string{"net/http", "go.opentelemetry.io/...", "google.golang.org/protobuf/...", "github.com/cilium/ebpf/...", "internal/vm/...", "internal/engines/...", "internal/check/...", "internal/model/...", "internal/specgen/...", "internal/bench/...", "internal/site", "internal/release"},
		why:      "the runtime starts twice for a container and carries no tools",
	},
}

// bothSides lists the only packages that may depend on both the parent and the child.
var bothSides = []string{"cmd/fsrun", "cmd/fsrun-otel", "internal/model/...", "internal/specgen/...", "internal/site", "examples/..."}

// privileges are language features that only some packages may use.
var privileges = []struct {
	feature string
	// uses returns where the package uses the feature.
	uses     func(*goPackage) []string
	packages []string
	why      string
}{
	{"package unsafe", (*goPackage).unsafeFiles, []string{"internal/sys/..."}, "memory safety is reviewed in one place; generated code is excepted"},
	{"assembly", func(p *goPackage) []string { return p.SFiles }, []string{"internal/sys/..."}, "system calls are made in one place"},
	{"cgo", func(p *goPackage) []string { return p.CgoFiles }, nil, "fsrun is pure Go"},
}
