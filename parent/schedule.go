package parent

import (
	"fmt"
	"os"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/protocol"
)

// schedule gives the child the scheduling that its program is to have: execve(2) keeps that
// of the calling thread, the child's first. The parent does this because a child in a user
// namespace is not allowed to.
func schedule(pid int, process *specs.Process) error {
	if process.Scheduler != nil {
		if err := unix.SchedSetAttr(pid, bundle.SchedulerAttributes(process.Scheduler), 0); err != nil {
			return fmt.Errorf("process.scheduler: %s: %w", process.Scheduler.Policy, os.NewSyscallError("sched_setattr", err))
		}
	}
	if process.IOPriority != nil {
		if err := setIOPriority(pid, bundle.IOPriority(process.IOPriority)); err != nil {
			return fmt.Errorf("process.ioPriority: %s %d: %w", process.IOPriority.Class, process.IOPriority.Priority, err)
		}
	}
	return nil
}

// raiseLimits makes room for the limits that the child sets itself: in a user namespace it
// may not raise a hard limit. It leaves the soft limits alone. If we may not raise a limit
// either, the child will report it.
func raiseLimits(pid int, spec *specs.Spec, plan []protocol.Op) {
	if bundle.FindNamespace(spec, specs.UserNamespace) == nil {
		return
	}
	for _, op := range plan {
		limit, is := op.(*protocol.ResourceLimit)
		if !is {
			continue
		}
		var now unix.Rlimit
		if err := unix.Prlimit(pid, int(limit.Resource), nil, &now); err == nil && limit.Hard > now.Max {
			now.Max = limit.Hard
			_ = unix.Prlimit(pid, int(limit.Resource), &now, nil)
		}
	}
}

// maxCPUs is more processors than any kernel is built for.
const maxCPUs = 8192

// ioPriorityProcess makes ioprio_set(2) apply to one thread (IOPRIO_WHO_PROCESS).
const ioPriorityProcess = 1

func setIOPriority(pid, priority int) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOPRIO_SET, ioPriorityProcess, uintptr(pid), uintptr(priority)); errno != 0 {
		return os.NewSyscallError("ioprio_set", errno)
	}
	return nil
}

// freeAffinity lets the child's first thread, which becomes the program, use all CPUs that its
// cgroup allows: since Linux 6.2 a process takes the affinity that it inherits along into a
// cgroup, and ours is that of whoever started us, such as a service with CPUAffinity=.
func freeAffinity(pid int) error {
	every := unix.NewCPUSet(maxCPUs) // the kernel leaves out what is not there or not allowed
	every.Fill()
	return os.NewSyscallError("sched_setaffinity", unix.SchedSetaffinityDynamic(pid, every))
}

// setAffinity binds the child's first thread to CPUs.
func setAffinity(pid int, cpus *unix.CPUSet) error {
	if err := unix.SchedSetaffinity(pid, cpus); err != nil {
		return fmt.Errorf("process.execCPUAffinity.final: %w", os.NewSyscallError("sched_setaffinity", err))
	}
	return nil
}
