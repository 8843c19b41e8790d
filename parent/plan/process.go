package plan

import (
	"fmt"
	"maps"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/protocol"
)

// process lowers the process itself: limits, the hooks right before it, arguments,
// environment, and finally what is done after Start.
func (l *lowering) process(process *specs.Process) error {
	l.resourceLimits(process)
	if err := checkRoom(process, l.facts.Stack); err != nil {
		return err
	}
	if err := chunked("process.args", process.Args, func(some []string) {
		l.add(&protocol.Arguments{Origin: at("process.args"), Values: some})
	}); err != nil {
		return err
	}
	if err := chunked("process.env", bundle.Environment(process), func(some []string) {
		l.add(&protocol.Environment{Origin: at("process.env"), Values: some})
	}); err != nil {
		return err
	}
	if err := l.labels(process); err != nil {
		return err
	}
	l.program()
	return l.execute(process)
}

// resourceLimits lowers process.rlimits. The Go runtime raises its own limit on open files;
// the program gets the caller's.
func (l *lowering) resourceLimits(process *specs.Process) {
	files := false
	for i, limit := range process.Rlimits {
		number, _ := bundle.Rlimit(limit.Type)
		files = files || number == unix.RLIMIT_NOFILE
		l.add(&protocol.ResourceLimit{
			Origin: at(index("process.rlimits", i)), Resource: uint32(number), Soft: limit.Soft, Hard: limit.Hard,
		})
	}
	if !files {
		l.add(&protocol.ResourceLimit{
			Origin: at("process.rlimits"), Resource: unix.RLIMIT_NOFILE, Soft: l.facts.OpenFiles, Hard: l.facts.MaxOpenFiles,
		})
	}
}

func (l *lowering) execute(process *specs.Process) error {
	capabilities, _ := bundle.ParseCapabilities(process.Capabilities)
	capabilities.Limit(l.facts.Capabilities)
	op := &protocol.Execute{
		Origin:    at("process"),
		Directory: process.Cwd,
		UID:       process.User.UID, GID: process.User.GID, Groups: process.User.AdditionalGids,
		SetsGroups: true, Umask: 0o022,
		NoNewPrivs: process.NoNewPrivileges,
		Bounding:   capabilities.Bounding, Effective: capabilities.Effective, Permitted: capabilities.Permitted,
		Inheritable: capabilities.Inheritable, Ambient: capabilities.Ambient,
		PreservedFDs: uint32(l.facts.PreservedFDs),
	}
	if process.User.Umask != nil {
		op.Umask = *process.User.Umask
	}
	if l.facts.NoGroups {
		if err := denyGroups(op); err != nil {
			return err
		}
	}
	if l.plan.Filter != nil {
		op.Filter, op.FilterFlags = l.plan.Filter.Bytes(), uint32(l.plan.Filter.Flags)
	}
	l.add(op)
	return nil
}

func sorted(values map[string]string) []string { return slices.Sorted(maps.Keys(values)) }

// DenyGroups makes the program keep the groups that it is born with. It is for a child that
// has joined a user namespace in which setgroups(2) turns out to be denied.
func (p *Plan) DenyGroups() error {
	return denyGroups(p.Ops[len(p.Ops)-1].(*protocol.Execute))
}

func denyGroups(op *protocol.Execute) error {
	if len(op.Groups) > 0 {
		return &bundle.Error{Path: "process.user.additionalGids", Found: fmt.Sprint(op.Groups),
			Allowed: "none, since setgroups(2) is denied in a user namespace whose maps an unprivileged user wrote"}
	}
	op.SetsGroups = false
	return nil
}
