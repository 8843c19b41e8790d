package handoff

import (
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
)

// execute carries out the execution. Agent is the connection that came with Start if the
// filter has a listener. It returns only on failure.
func (h *Handoff) execute(agent int) *protocol.Fault {
	if err := h.become(agent); err != nil {
		return h.label.explain(explain(err))
	}
	for i := range h.hooks {
		if fault := h.hooks[i].run(); fault != nil {
			return fault
		}
	}
	if !h.early {
		if err := h.filter.load(agent); err != nil {
			return explain(err)
		}
	}
	return h.programs.execute()
}

// become does what comes before the hooks.
func (h *Handoff) become(agent int) error {
	if err := h.first.Run(); err != nil {
		return err
	}
	entered, err := h.directory.tryToEnter()
	if err != nil {
		return err
	}
	if h.early {
		if err := h.filter.load(agent); err != nil {
			return err
		}
	}
	if err := h.identity.Run(); err != nil || entered {
		return err
	}
	return h.directory.enter()
}

// meanings maps a call to the fault code of its failure and to the part of the
// configuration that asked for it. Calls that are not listed are about capabilities.
var meanings = map[string]struct {
	code  protocol.Code
	place string
}{
	"close_range":   {protocol.CodeExec, "process"},
	"prlimit":       {protocol.CodeOperation, "process.rlimits"},
	"set_mempolicy": {protocol.CodeOperation, "linux.memoryPolicy"},
	"personality":   {protocol.CodeOperation, "linux.personality"},
	"seccomp":       {protocol.CodeSeccomp, "linux.seccomp"},
	handingOver:     {protocol.CodeSeccomp, "linux.seccomp.listenerPath"},
	"umask":         {protocol.CodeCredentials, "process.user.umask"},
	"setgroups":     {protocol.CodeCredentials, "process.user.additionalGids"},
	"setresgid":     {protocol.CodeCredentials, "process.user.gid"},
	"setresuid":     {protocol.CodeCredentials, "process.user.uid"},
	"chdir":         {protocol.CodeExec, "process.cwd"},
	"getcwd":        {protocol.CodeExec, "process.cwd"},
	"execve":        {protocol.CodeExec, "process.args[0]"},
}

// explain says which label could not be written.
func (l *Label) explain(fault *protocol.Fault) *protocol.Fault {
	if l == nil || fault.Call != writingLabel {
		return fault
	}
	fault.Path = l.At
	if fault.Errno == unix.ENOENT {
		fault.Hint = "the kernel knows no such label: load it first"
	}
	return fault
}

// writingLabel is the name of the only call here that writes a label.
const writingLabel = "write"

func explain(err error) *protocol.Fault {
	fault := protocol.Explain(protocol.CodeCredentials, err)
	fault.Path = "process.capabilities"
	if meaning, known := meanings[fault.Call]; known {
		fault.Code, fault.Path = meaning.code, meaning.place
	}
	return fault
}
