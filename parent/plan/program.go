package plan

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/protocol"
)

// unconfined is the AppArmor profile that restricts nothing.
const unconfined = "unconfined"

// labels lowers the labels for security modules. A label for a module that is not active is
// refused, because nothing would enforce it.
func (l *lowering) labels(process *specs.Process) error {
	profile, label := process.ApparmorProfile, process.SelinuxLabel
	switch {
	case profile == "", profile == unconfined && !l.facts.AppArmor:
	case !l.facts.AppArmor:
		return &bundle.Error{Path: "process.apparmorProfile", Found: profile + ", and AppArmor is not enabled in this kernel", Allowed: "no profile, or " + unconfined}
	default:
		l.add(&protocol.Label{Origin: at("process.apparmorProfile"), Module: protocol.LabelAppArmor, Label: profile})
	}
	switch {
	case label == "":
	case !l.facts.SELinux:
		return &bundle.Error{Path: "process.selinuxLabel", Found: label + ", and SELinux is not enabled in this kernel", Allowed: "no label"}
	case l.plan.labelled():
		return &bundle.Error{Path: "process.selinuxLabel", Found: label + " beside process.apparmorProfile", Allowed: "one of them"}
	default:
		l.add(&protocol.Label{Origin: at("process.selinuxLabel"), Module: protocol.LabelSELinux, Label: label})
	}
	return nil
}

func (p *Plan) labelled() bool {
	return len(p.Ops) > 0 && p.Ops[len(p.Ops)-1].Kind() == protocol.OpLabel
}

// unknownState stands for the container process state until the child exists, whose process
// ID it contains: a listener must have a state.
const unknownState = "{}"

// program lowers the program's kernel settings other than its identity.
func (l *lowering) program() {
	linux := l.linux()
	if linux == nil {
		return
	}
	if linux.MemoryPolicy != nil {
		mode, nodes := bundle.MemoryPolicy(linux.MemoryPolicy)
		l.add(&protocol.MemoryPolicy{Origin: at("linux.memoryPolicy"), Mode: mode, Nodes: nodes})
	}
	if linux.Personality != nil {
		l.add(&protocol.Personality{Origin: at("linux.personality"), Persona: bundle.Persona(linux.Personality)})
	}
	if l.plan.Agent != "" {
		call := protocol.CallSendmsg
		if l.plan.Filter.Handover == "sendmmsg" {
			call = protocol.CallSendmmsg
		}
		l.add(&protocol.Listener{Origin: at("linux.seccomp.listenerPath"), Call: call, State: []byte(unknownState)})
	}
}

// unlabelled lists file systems whose files have labels of their own, which a mount cannot
// set (SELinux: fs_use and genfscon).
var unlabelled = map[string]bool{"proc": true, "sysfs": true, "cgroup2": true}

// mountLabel labels the files of a new file system with linux.mountLabel.
func (l *lowering) mountLabel(op *protocol.Mount) {
	if label := l.linux().MountLabel; label != "" && !unlabelled[op.Filesystem] {
		op.Options = append(op.Options, protocol.Pair{Name: "context", Value: label})
	}
}

// checkMountLabel refuses a label that no mount could have.
func (l *lowering) checkMountLabel() error {
	if label := l.linux().MountLabel; label != "" && !l.facts.SELinux {
		return &bundle.Error{Path: "linux.mountLabel", Found: label + ", and SELinux is not enabled in this kernel", Allowed: "no label"}
	}
	return nil
}
