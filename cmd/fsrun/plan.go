package main

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/internal/cli/style"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/preflight"
	"github.com/fsrun/fsrun/protocol"
)

func planCommand(g *global) *cli.Command {
	c := &creation{}
	var id string
	var asJSON bool
	return &cli.Command{
		Name: "plan", Arguments: "[BUNDLE]", Most: 1,
		Elsewhere: []string{"lint", "validate"},
		Short:     "show what create would do with a bundle, without doing it",
		Long: `The operations are those that the child would carry out, in order; the limits
are the cgroup files with what would be written to them. The checks look for
what the bundle names on this machine: ✓ is there, ✗ is not, ! cannot be known
beforehand. Warnings are those that create would log. The exit status is 1 if a
check fails. BUNDLE is the current directory by default.`,
		Examples: []cli.Example{{Line: "fsrun plan /srv/web", Meaning: "show what fsrun create --bundle /srv/web would do"}},
		Flags: func(flags *pflag.FlagSet) {
			flags.StringVar(&id, "id", "", "plan for a container called `ID` (default: the bundle's name)")
			flags.BoolVar(&asJSON, "json", false, "print as JSON")
			flags.BoolVar(&c.noPivot, "no-pivot", false, "as for create")
			flags.BoolVar(&c.noNewKeyring, "no-new-keyring", false, "as for create")
		},
		Run: func(operands []string) (int, error) {
			directory := "."
			if len(operands) > 0 {
				directory = operands[0]
			}
			if id == "" {
				absolute, err := filepath.Abs(directory)
				if err != nil {
					return 0, err
				}
				id = filepath.Base(absolute)
			}
			preview, err := parent.NewPreview(parent.Options{
				StateRoot: g.root, ID: id, Bundle: directory, CgroupManager: g.manager(), NoPivot: c.noPivot, NoNewKeyring: c.noNewKeyring,
			})
			if err != nil {
				return 0, err
			}
			plan := planOf(preview, id)
			status := 0
			if preflight.Failed(plan.Checks) {
				status = 1
			}
			if asJSON {
				return status, writeJSON(os.Stdout, plan)
			}
			plan.write(os.Stdout, style.Of(os.Stdout), style.Width(os.Stdout))
			return status, nil
		},
	}
}

// planJSON is a preview in machine-readable form.
type planJSON struct {
	Bundle     string            `json:"bundle"`
	ID         string            `json:"id"`
	Program    programJSON       `json:"program"`
	Cgroup     string            `json:"cgroup,omitempty"`
	Unit       string            `json:"unit,omitempty"`
	Limits     []settingJSON     `json:"limits"`
	Namespaces namespacesJSON    `json:"namespaces"`
	Operations []operationJSON   `json:"operations"`
	Devices    *devicesJSON      `json:"devices,omitempty"`
	Seccomp    *filterJSON       `json:"seccomp,omitempty"`
	Warnings   []string          `json:"warnings,omitempty"`
	Checks     []preflight.Check `json:"checks"`
}

type programJSON struct {
	Arguments   int    `json:"arguments"`
	Environment int    `json:"environment"`
	Program     string `json:"program"`
	Directory   string `json:"directory"`
	UID         uint32 `json:"uid"`
	GID         uint32 `json:"gid"`
	Terminal    bool   `json:"terminal"`
	NoNewPrivs  bool   `json:"no_new_privileges"`
}

type settingJSON struct {
	File  string `json:"file"`
	Value string `json:"value"`
	From  string `json:"config"`
}

type namespacesJSON struct {
	New    []string       `json:"new"`
	Joined []joinedJSON   `json:"joined,omitempty"`
	Host   []string       `json:"host"`
	Maps   map[string]any `json:"maps,omitempty"`
}

type joinedJSON struct {
	Type string `json:"type"`
	Path string `json:"path"`
}

type operationJSON struct {
	Index  int    `json:"index"`
	Kind   string `json:"kind"`
	Object string `json:"object,omitempty"`
	From   string `json:"config,omitempty"`
	When   string `json:"when,omitempty"`
}

type devicesJSON struct {
	Rules        []string `json:"rules"`
	Instructions int      `json:"instructions"`
}

type filterJSON struct {
	DefaultAction string         `json:"default_action"`
	Syscalls      map[string]int `json:"syscalls"`
	Architectures map[string]int `json:"architectures"`
	Instructions  int            `json:"instructions"`
	Unknown       []string       `json:"unknown,omitempty"`
	Blocked       []string       `json:"blocks_of_the_start,omitempty"`
}

func planOf(p *parent.Preview, id string) *planJSON {
	process := p.Spec.Process
	plan := &planJSON{
		Bundle: p.Directory, ID: id, Cgroup: p.Cgroup, Unit: p.Unit, Limits: []settingJSON{}, Warnings: p.Warnings, Checks: p.Checks,
		Program: programJSON{
			Arguments: len(process.Args), Environment: len(process.Env), Program: process.Args[0], Directory: process.Cwd,
			UID: process.User.UID, GID: process.User.GID, Terminal: process.Terminal, NoNewPrivs: process.NoNewPrivileges,
		},
	}
	for _, setting := range p.Limits {
		plan.Limits = append(plan.Limits, settingJSON{setting.File, setting.Value, setting.Path})
	}
	plan.namespaces(p)
	for i, op := range p.Plan.Ops {
		plan.Operations = append(plan.Operations, operationJSON{
			Index: i, Kind: op.Kind().String(), Object: op.Object(), From: op.From(), When: when(op),
		})
	}
	plan.devices(p)
	plan.seccomp(p)
	return plan
}

func (p *planJSON) namespaces(preview *parent.Preview) {
	p.Namespaces.New, p.Namespaces.Host = []string{}, []string{}
	for _, known := range bundle.Namespaces {
		entry := bundle.FindNamespace(preview.Spec, known.Type)
		switch {
		case entry == nil:
			p.Namespaces.Host = append(p.Namespaces.Host, string(known.Type))
		case entry.Path == "":
			p.Namespaces.New = append(p.Namespaces.New, string(known.Type))
		default:
			p.Namespaces.Joined = append(p.Namespaces.Joined, joinedJSON{string(known.Type), entry.Path})
		}
	}
	if preview.Plan.UserMaps {
		p.Namespaces.Maps = map[string]any{"uid": preview.Spec.Linux.UIDMappings, "gid": preview.Spec.Linux.GIDMappings}
	}
}

// afterStart lists the operations that take effect after Start (SPEC.md, M-PLAN-3).
var afterStart = []protocol.OpKind{protocol.OpResourceLimit, protocol.OpArguments, protocol.OpEnvironment, protocol.OpExecute}

func when(op protocol.Op) string {
	hook, is := op.(*protocol.Hook)
	if slices.Contains(afterStart, op.Kind()) || is && hook.Point == "startContainer" {
		return "after start"
	}
	return ""
}
