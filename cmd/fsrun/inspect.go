package main

import (
	"os"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/internal/cli/style"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/state"
)

func inspectCommand(g *global) *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name: "inspect", Arguments: "CONTAINER", Least: 1, Most: 1,
		Elsewhere: []string{"info", "show"},
		Short:     "show everything known about a container, even after it exited",
		Long: `Limits are shown as they were committed and as they are now; device programs
with the cgroup that they are attached to and whether fsrun attached them: all
of them must allow an access. The container's cgroup counts what it uses until
it is deleted. How it ended is known if run --keep waited for it, or until it is
reaped.`,
		Examples: []cli.Example{{Line: "fsrun inspect web", Meaning: "how is web doing, or why did it exit?"}},
		Flags: func(flags *pflag.FlagSet) {
			flags.BoolVar(&asJSON, "json", false, "print as JSON")
		},
		Run: func(operands []string) (int, error) {
			examined, err := parent.Examine(g.root, operands[0])
			if err != nil {
				return 0, err
			}
			told := inspectionOf(examined)
			if asJSON {
				return 0, writeJSON(os.Stdout, told)
			}
			told.write(os.Stdout, style.Of(os.Stdout))
			return 0, nil
		},
	}
}

// inspectionJSON is an examination in machine-readable form.
type inspectionJSON struct {
	stateJSON
	Cgroup     string            `json:"cgroup,omitempty"`
	Unit       string            `json:"unit,omitempty"`
	Namespaces map[string]string `json:"namespaces,omitempty"`
	End        *endJSON          `json:"end,omitempty"`
	Limits     []limitJSON       `json:"limits"`
	Rules      []string          `json:"device_rules,omitempty"`
	Programs   []attachedJSON    `json:"device_programs,omitempty"`
	Used       *cgroupv2.Stats   `json:"used,omitempty"`
	Handshakes []handshakeJSON   `json:"handshakes,omitempty"`
}

type endJSON struct {
	ExitStatus int        `json:"exit_status"`
	Signal     string     `json:"signal,omitempty"`
	OOMKilled  bool       `json:"oom_killed"`
	At         *time.Time `json:"at,omitempty"`
}

type limitJSON struct {
	File      string `json:"file"`
	Committed string `json:"committed"`
	Now       string `json:"now,omitempty"`
}

type attachedJSON struct {
	ID     uint32 `json:"id"`
	Name   string `json:"name,omitempty"`
	Tag    string `json:"tag,omitempty"`
	Cgroup string `json:"cgroup"`
	Ours   bool   `json:"ours"`
}

type handshakeJSON struct {
	Verb    string     `json:"verb"`
	Began   time.Time  `json:"began"`
	Took    uint64     `json:"took_nsec"`
	Failed  string     `json:"failed,omitempty"`
	Slowest []spanJSON `json:"slowest"`
}

// inspectedSlowest is how many of a handshake's slowest steps are shown.
const inspectedSlowest = 3

func inspectionOf(e *parent.Examination) *inspectionJSON {
	told := &inspectionJSON{
		stateJSON: stateOf(e.Inspected), Cgroup: e.Cgroup, Unit: e.Unit, Used: e.Stats, Limits: []limitJSON{}, End: endOf(e),
	}
	if e.Status != state.Stopped {
		told.Namespaces = e.Namespaces
	}
	for _, limit := range e.Limits {
		told.Limits = append(told.Limits, limitJSON(limit))
	}
	for _, rule := range e.Rules {
		told.Rules = append(told.Rules, deviceRule(rule))
	}
	for _, program := range e.Programs {
		told.Programs = append(told.Programs, attachedJSON{program.ID, program.Name, program.Tag, program.Cgroup, program.Ours})
	}
	for _, r := range e.Recordings {
		one := handshakeJSON{Verb: r.Verb, Began: r.Began, Took: r.Ended - r.At, Slowest: spansOf(tables.Timeline(r).Slowest(inspectedSlowest), false)}
		if r.Fault != nil {
			one.Failed = r.Fault.Code
		}
		told.Handshakes = append(told.Handshakes, one)
	}
	return told
}

// endOf says how a container ended. When memory runs out, the kernel kills with SIGKILL and
// counts that.
func endOf(e *parent.Examination) *endJSON {
	if e.End == nil {
		return nil
	}
	end := &endJSON{ExitStatus: exitStatus(e.End.Status)}
	if !e.End.At.IsZero() {
		end.At = &e.End.At
	}
	if e.End.Status.Signaled() {
		end.Signal = unix.SignalName(e.End.Status.Signal())
		killed := e.End.Status.Signal() == unix.SIGKILL
		end.OOMKilled = killed && e.Stats != nil && e.Stats.Memory != nil && e.Stats.Memory.Events.OOMKill > 0
	}
	return end
}
