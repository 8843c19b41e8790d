package parent

import (
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2/devfilter"
	"github.com/fsrun/fsrun/parent/plan"
	"github.com/fsrun/fsrun/parent/spawn"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
	"github.com/fsrun/fsrun/protocol/transport"
)

// spawn clones the child and, while it boots, has the kernel verify the device program.
func (h *handshake) spawn(machine.Message) (machine.Event, error) {
	request := spawn.Request{New: h.plan.New, Watched: -1, Cgroup: -1, Return: -1, Preserved: h.options.passed(), Stdio: h.options.Stdio, TimeOffsets: h.plan.TimeOffsets, Ahead: h.ahead}
	if h.group != nil {
		// Whoever freezes the group from now on stops a child, or stops us with it: until
		// the child executes, clone waits for it, without any deadline.
		if err := h.group.RefuseFrozen(); err != nil {
			return "", protocol.Explain(protocol.CodeSpawn, err)
		}
		request.Cgroup = h.group.FD()
		request.Return = h.outside()
		defer closeDescriptor(&request.Return)
	}
	var err error
	if h.child, err = launch(&request, h.plan.Join, h.socket); err != nil {
		return "", protocol.Explain(protocol.CodeSpawn, err)
	}
	if h.scope != nil && !h.apart {
		if err := h.scope.placeholder.End(); err != nil {
			return "", faulty(protocol.CodeSpawn, err)
		}
	}
	started, err := state.StartTime(h.child.pid)
	if err != nil {
		return "", protocol.Explain(protocol.CodeSpawn, err)
	}
	child := state.Process{PID: h.child.pid, StartTime: started}
	h.record = &state.Container{Init: child}
	if err := h.handle.Intend(state.Intent{Step: intentChild, Process: child}); err != nil {
		return "", protocol.Explain(protocol.CodeState, err)
	}
	if err := h.giveStdio(); err != nil {
		return "", faulty(protocol.CodeSpawn, err)
	}
	if err := h.setOOMScore(); err != nil {
		return "", faulty(protocol.CodeOperation, err)
	}
	h.loadProgram()
	return machine.Done, faulty(protocol.CodeOperation, moveDevices(h.bundle.Spec, h.child.pid))
}

// RoomForRuntime is the memory limit, in bytes, below which the child does not prepare the
// container inside its cgroup. There it would be charged for the runtime's own memory,
// which is gone by the time the program runs. Cgroup v2 leaves charges where they were
// made, so the child prepares outside and is moved into the cgroup at Ready. Above the
// limit it is cheaper for the child to be born in the cgroup, because a move may take
// milliseconds. docs/limits.md has measurements for both.
const RoomForRuntime = 16 << 20

// outside opens the way back for a child that stays outside its cgroup until Ready; -1 for
// one that does not.
func (h *handshake) outside() int {
	if limit, limited := h.limits.Memory(); !limited || limit >= RoomForRuntime {
		return -1
	}
	procs, err := h.tree.OpenOwnProcs()
	if err != nil {
		h.options.warn("the container's memory limit leaves little room and its start cannot be kept out of it: " + err.Error())
		return -1
	}
	h.apart = true
	return procs
}

// launch starts a child with a socket to us, and stores our end in the channel.
func launch(request *spawn.Request, joins []plan.Namespace, to *channel) (*process, error) {
	for _, join := range joins {
		descriptor, err := openNamespace(join)
		if err != nil {
			return nil, err
		}
		defer unix.Close(descriptor)
		request.Join = append(request.Join, spawn.Join{Type: join.Type, Path: join.Path, FD: descriptor})
	}
	ours, theirs, err := transport.Connected()
	if err != nil {
		return nil, err
	}
	defer unix.Close(theirs)
	request.Socket = theirs
	if to.Socket != nil { // from an attempt that failed
		to.Close()
	}
	if to.Socket, err = transport.NewSocket(ours); err != nil {
		unix.Close(ours)
		return nil, err
	}
	pid, binary, err := spawn.Start(*request)
	if err != nil {
		return nil, err
	}
	child, err := watch(pid)
	if err != nil {
		(&process{pid: pid, pidfd: -1}).terminate()
		binary.Close()
		return nil, err
	}
	child.binary = binary
	return child, nil
}

// loadProgram has the kernel verify the device program, in the time that the child's
// runtime needs to start. If the kernel refuses it, that is reported when the program is
// needed.
func (h *handshake) loadProgram() {
	if h.devices != nil {
		h.loaded, h.loadError = devfilter.Load(h.devices)
	}
}
