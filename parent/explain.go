package parent

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/protocol"
)

// Counted is the failure of a handshake in which a limit played a part, with what the
// container's cgroup had counted.
type Counted struct {
	Err   error
	Stats *cgroupv2.Stats
}

func (c *Counted) Error() string { return c.Err.Error() }
func (c *Counted) Unwrap() error { return c.Err }

// note records what the cgroup of a failed handshake has counted, before it is deleted. If
// the child was never made, there is nothing to record.
func (p *process) note(group *cgroupv2.Group) {
	if p == nil || group == nil {
		return
	}
	if stats, err := group.Stats(); err == nil {
		p.counted = &stats
	}
}

// explain adds to a failure what is known about the child, and what to do about it.
func (h *handshake) explain(err error) error {
	var fault *protocol.Fault
	if errors.As(err, &fault) {
		h.blameFilter(fault)
	}
	err = h.child.explain(err)
	if fault != nil && h.child.isStuck() {
		fault.Hint += ", then delete the container with --force"
	}
	return err
}

// explain adds to a failure how the child ended, and which limit played a part.
func (p *process) explain(err error) error {
	var fault *protocol.Fault
	if !errors.As(err, &fault) {
		return err
	}
	if p == nil {
		remedy(fault)
		return err
	}
	switch {
	case fault.Code == protocol.CodeTimeout && p.work != "":
		fault.Detail += "; it is at " + p.work
		if p.workAt != "" {
			fault.Path = p.workAt
		}
	case fault.Code == protocol.CodeGone && !p.killed:
		p.explainEnd(fault)
	}
	limited := p.limited(fault)
	if p.stuck {
		fault.Hint = "it is killed, and ends when the kernel lets it: repair what does not answer there, such as the server of a file system"
	}
	remedy(fault)
	if limited {
		return &Counted{Err: err, Stats: p.counted}
	}
	return err
}

// explainEnd says how a child ended that said nothing.
func (p *process) explainEnd(fault *protocol.Fault) {
	switch {
	case p.outOfMemory():
		fault.Path = "linux.resources.memory.limit"
		fault.Detail = "the OOM killer killed the child while " + parentWas(fault) + p.memory()
		fault.Hint = "the limit is below what the program needs to be executed: raise it"
	case p.ended == nil:
	case p.ended.Signaled():
		fault.Detail = fmt.Sprintf("the child was killed by %s while %s", unix.SignalName(p.ended.Signal()), parentWas(fault))
		if p.ended.Signal() == unix.SIGSYS {
			fault.Path, fault.Hint = "linux.seccomp", "the profile kills for a system call that the start needs; fsrun plan tells which"
		}
	case p.ended.Exited():
		fault.Detail = fmt.Sprintf("the child ended with status %d while %s", p.ended.ExitStatus(), parentWas(fault))
	}
}

// parentWas says what the parent was doing when it found that the child was gone: not every
// state awaits something.
func parentWas(fault *protocol.Fault) string {
	if fault.Awaited == "" {
		return "the parent was in " + fault.State
	}
	return "the parent awaited " + fault.Awaited
}

func (p *process) outOfMemory() bool {
	return p.counted != nil && p.counted.Memory != nil && p.counted.Memory.Events.OOMKill > 0
}

// memory says how much memory the container had used at most.
func (p *process) memory() string {
	const kibibyte = 1 << 10
	memory := p.counted.Memory
	if memory.Peak == 0 || memory.Limit == cgroupv2.Unlimited {
		return ""
	}
	return fmt.Sprintf("; it had used %d KiB of its %d KiB", memory.Peak/kibibyte, memory.Limit/kibibyte)
}

// limited reports whether a limit played a part in a failure, and adds it.
func (p *process) limited(fault *protocol.Fault) bool {
	if p.outOfMemory() {
		return true
	}
	if p.counted == nil || p.counted.Pids == nil || p.counted.Pids.Refused == 0 {
		return false
	}
	if errors.Is(fault.Errno, syscall.EAGAIN) || fault.Code == protocol.CodeHook {
		fault.Hint = fmt.Sprintf("linux.resources.pids.limit is %d, and a startContainer hook is a process of the container: raise it", p.counted.Pids.Limit)
	}
	return true
}
