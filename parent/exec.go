package parent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/internal/recording"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/console"
	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/parent/mountfd"
	"github.com/fsrun/fsrun/parent/plan"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// ExecOptions says how a process joins a container.
type ExecOptions struct {
	StateRoot, ID string
	// Process is what to run. If it is nil, Derive makes it.
	Process *specs.Process
	// Derive makes the process from the container's own, without its terminal. It may
	// assign to fields and append to lists, but not change elements of a list.
	Derive func(own *specs.Process) (*specs.Process, error)
	// ConsoleSocket is the path of a socket that receives the master of the process's
	// terminal, if it has one. If it is empty, OnConsole does.
	ConsoleSocket string
	// OnConsole receives the master if there is no ConsoleSocket, and must close it.
	OnConsole func(master int) error
	// PIDFile is the file for the process's ID, "" for none.
	PIDFile string
	// PreservedFDs is how many descriptors from 3 on the program gets.
	PreservedFDs int
	// Stdio become the program's standard descriptors, unless it has a terminal. The zero
	// value makes all three the caller's standard input.
	Stdio [3]int
	// PIDFDSocket is the path of a socket that receives a pidfd of the process, "" for
	// none.
	PIDFDSocket string
	// Cgroup is the path of an existing group beneath the container's; "" is the
	// container's own.
	Cgroup string
	// IgnorePaused joins a paused container and waits until it is resumed.
	IgnorePaused bool

	Handshake
}

// joining is one walk of the parent's machine that joins a container.
type joining struct {
	options   *ExecOptions
	container *state.Container
	spec      *specs.Spec // what the container was created with
	plan      *plan.Plan
	requests  *requests
	recorder  *recording.Recorder

	socket    *channel
	init      *process // of the container
	child     *process
	group     *cgroupv2.Group // the container's
	place     *cgroupv2.Group // where the process goes, if elsewhere
	users     *users          // the container's user namespace
	inside    bool            // the child was born in its cgroup
	committed *protocol.Committed
	started   uint64   // when the child started, in clock ticks since boot
	stdio     []string // what its descriptors 0 to 2 refer to; nil if we may not look
}

// Exec makes a process join a running container. It gets all namespaces of the container's
// init, and its cgroup.
func Exec(o ExecOptions) (*Running, error) {
	recorder := recording.NewRecorder("exec", o.ID)
	inspected, err := Inspect(o.StateRoot, o.ID)
	if err != nil {
		return nil, err
	}
	switch inspected.Status {
	case state.Running, state.Created:
	case state.Paused:
		if !o.IgnorePaused {
			return nil, refuseStatus("cannot exec in container %s: it is paused; resume it, or use --ignore-paused", o.ID)
		}
	case state.Creating:
		return nil, unfinished("exec in", o.ID)
	default:
		return nil, fmt.Errorf("cannot exec in container %s: %w", o.ID, ErrNotRunning)
	}
	o.join(recorder, inspected.Container.Annotations)
	j := &joining{options: &o, container: inspected.Container, recorder: recorder}
	if err := j.prepare(); err != nil {
		return nil, err
	}
	if err := j.walk(); err != nil {
		j.child.close()
		return nil, err
	}
	return &Running{process: j.child, root: o.StateRoot, container: j.container, joined: true, started: j.started, stdio: j.stdio}, nil
}

// prepare lowers the process before anything is touched.
func (j *joining) prepare() error {
	spec, err := Configuration(j.options.StateRoot, j.options.ID)
	if err != nil {
		return err
	}
	if j.options.Process == nil && j.options.Derive != nil {
		if j.options.Process, err = j.options.Derive(copyOf(spec.Process)); err != nil {
			return err
		}
	}
	if err := bundle.ValidateProcess(j.options.Process); err != nil {
		return err
	}
	if err := checkTerminal(j.options.Process, j.options.ConsoleSocket, j.options.OnConsole); err != nil {
		return err
	}
	j.warnOf(spec.Process)
	facts := &plan.Facts{
		Bundle: j.container.Bundle, ID: j.options.ID,
		Unprivileged: os.Geteuid() != 0,
		PreservedFDs: j.options.PreservedFDs, NoNewKeyring: j.container.CallersKeyring,
	}
	facts.OpenFiles, facts.MaxOpenFiles = openFiles()
	facts.Stack = stack()
	facts.Capabilities = j.options.grantable(spec, j.options.Process)
	facts.AppArmor, facts.SELinux = securityModules(j.options.Process, "")
	j.spec = spec
	if j.plan, err = plan.Exec(spec, j.options.Process, facts); err != nil {
		return err
	}
	j.requests, err = newRequests(j.plan.Ops, nil)
	return err
}

// copyOf returns the container's own process for another to be made of it: what is appended
// or assigned does not reach the original.
func copyOf(own *specs.Process) *specs.Process {
	process := *own
	process.Terminal = false
	process.Env = slices.Clip(process.Env)
	process.User.AdditionalGids = slices.Clip(process.User.AdditionalGids)
	if own.Capabilities != nil {
		sets := *own.Capabilities
		for _, set := range []*[]string{&sets.Bounding, &sets.Effective, &sets.Inheritable, &sets.Permitted, &sets.Ambient} {
			*set = slices.Clip(*set)
		}
		process.Capabilities = &sets
	}
	return &process
}

// warnOf warns about the process, except for what is the same in the container's own: that
// was reported when it was created.
func (j *joining) warnOf(own *specs.Process) {
	told := bundle.Warnings(&specs.Spec{Process: own})
	for _, warning := range bundle.Warnings(&specs.Spec{Process: j.options.Process}) {
		if !slices.Contains(told, warning) {
			j.options.warn(warning)
		}
	}
}

func (j *joining) walk() error {
	walker, err := machine.New(parentmachine.Table, "")
	if err != nil {
		return err
	}
	j.socket = &channel{}
	defer j.close()
	runner := &machine.Runner{
		Machine: walker,
		Channel: j.socket,
		Effects: map[machine.Effect]func(machine.Message) (machine.Event, error){
			parentmachine.Reserve:        j.reserve,
			parentmachine.Spawn:          j.spawn,
			parentmachine.Agree:          agreePlain,
			parentmachine.WriteMaps:      j.unasked,
			parentmachine.Open:           j.open,
			parentmachine.DeliverConsole: j.deliverConsole,
			parentmachine.RunHooks:       j.unasked,
			parentmachine.Commit:         j.commit,
			parentmachine.Release:        j.release,
			parentmachine.Confirm:        func(machine.Message) (machine.Event, error) { return j.child.executed() },
			parentmachine.TearDown:       j.tearDown,
		},
		Compose: map[protocol.Kind]func() ([]machine.Message, error){
			protocol.KindHello:     j.composeHello,
			protocol.KindPlan:      j.composePlan,
			protocol.KindStart:     func() ([]machine.Message, error) { return composeStart(j.plan.Agent) },
			protocol.KindOpenDone:  j.requests.composeOpenDone,
			protocol.KindCommitted: func() ([]machine.Message, error) { return []machine.Message{{Frame: j.committed}}, nil },
		},
		Deadlines: j.deadlines(),
		Observe:   j.options.observers(j.recorder),
	}
	_, err = runner.Drive(machine.Begin)
	err = j.endedMeanwhile(j.child.explain(err))
	j.options.recorded(j.recorder, err, nil, "")
	return err
}

// endedMeanwhile replaces a failure that comes from the end of the container, with which the
// child is killed and the files of the namespaces go away: callers take "no such file" for
// that of the program. What the child itself reports stands, and so does a limit's part.
func (j *joining) endedMeanwhile(err error) error {
	var fault *protocol.Fault
	var counted *Counted
	if err == nil || errors.As(err, &fault) && fault.Machine != parentmachine.Table.Name || errors.As(err, &counted) {
		return err
	}
	// The namespaces go with the init's first thread; one that waits for start has others.
	init := j.container.Init
	if exiting, _ := state.Exiting(init.PID); !exiting && init.Alive() {
		return err
	}
	return fmt.Errorf("cannot exec in container %s: %w", j.container.ID, ErrNotRunning)
}

func (j *joining) close() {
	if j.socket.Socket != nil {
		j.socket.Close()
	}
	for _, group := range []*cgroupv2.Group{j.group, j.place} {
		if group != nil {
			group.Close()
		}
	}
	if j.init != nil {
		j.init.close()
	}
	if j.users != nil {
		j.users.Close()
	}
}

// unasked refuses a request that a joining child has no reason to make.
func (j *joining) unasked(machine.Message) (machine.Event, error) {
	return "", unexpected("what only an init asks for")
}

// reserve takes hold of the container's init and cgroup. Nothing has to be made.
func (j *joining) reserve(machine.Message) (machine.Event, error) {
	var err error
	if j.init, err = watch(j.container.Init.PID); err != nil {
		return "", err
	}
	if err = j.openGroup(); err == nil && j.options.Cgroup != "" {
		j.place, err = j.openPlace()
	}
	return machine.Done, err
}

func (j *joining) composeHello() ([]machine.Message, error) {
	return helloMessage(protocol.RoleJoin, false, j.options.Deadlines), nil
}

// composePlan makes the plan's frames, including the state for the filter's agent.
func (j *joining) composePlan() ([]machine.Message, error) {
	if err := j.fillGroups(); err != nil {
		return nil, err
	}
	if err := j.requests.fillListener(j.spec, j.child.pid, ociState(j.container, state.Running)); err != nil {
		return nil, err
	}
	return j.requests.composePlan()
}

// fillGroups removes the groups from the plan if the child's user namespace denies setting
// them.
func (j *joining) fillGroups() error {
	if !groupsDenied(j.child.pid) {
		return nil
	}
	if err := j.plan.DenyGroups(); err != nil {
		return err
	}
	return j.requests.cut()
}

func (j *joining) open(message machine.Message) (machine.Event, error) {
	return j.requests.open(message, mountfd.Process{Pidfd: j.init.pidfd, Start: j.container.Init.StartTime})
}

func (j *joining) deliverConsole(message machine.Message) (machine.Event, error) {
	return j.requests.deliver(message.Descriptors[0], j.options.ConsoleSocket, j.options.OnConsole)
}

func (j *joining) release(machine.Message) (machine.Event, error) {
	if err := j.remember(); err != nil {
		return "", faulty(protocol.CodeState, err)
	}
	return parentmachine.Go, announce(j.child, j.options.PIDFile, j.options.PIDFDSocket)
}

// remember records what can be learned about the child only while it exists. Only root may
// look at its descriptors, because the child hides from the container's root.
func (j *joining) remember() (err error) {
	if j.started, err = state.StartTime(j.child.pid); err != nil {
		return err
	}
	if j.stdio, err = console.Descriptors(j.child.pid); errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

// tearDown ends the child; the container goes on without it.
func (j *joining) tearDown(machine.Message) (machine.Event, error) {
	j.child.noteWork(j.plan.Ops)
	if j.child != nil {
		j.child.terminate()
	}
	return machine.Done, nil
}
