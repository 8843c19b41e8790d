package parent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/cgroupv2/systemd"
	"github.com/fsrun/fsrun/internal/recording"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/console"
	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/parent/mountfd"
	"github.com/fsrun/fsrun/parent/plan"
	"github.com/fsrun/fsrun/parent/spawn"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// ExecOptions says how a process is to join a container.
type ExecOptions struct {
	StateRoot, ID string
	// Process is what to run; see Configuration for the container's own.
	Process *specs.Process
	// The rest means what it means in Options.
	ConsoleSocket string
	OnConsole     func(master int) error
	PIDFile       string
	PreservedFDs  int
	Stdio         [3]int
	PIDFDSocket   string
	// Cgroup is the path of a group that is there already, beneath the
	// container's; "" is the container's own.
	Cgroup string
	// IgnorePaused joins a paused container, and waits until it is resumed.
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
	init      *process // the container's
	child     *process
	group     *cgroupv2.Group // the container's
	place     *cgroupv2.Group // where the process goes, if that is another
	inside    bool            // the child was born where it belongs
	committed *protocol.Committed
	started   uint64   // when the child did, in clock ticks since boot
	stdio     []string // what is behind its descriptors 0 to 2, nil if we may not look
}

// Exec has a process join a running container. Every namespace and the cgroup of
// its init become the process's.
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
			return nil, refuseStatus("cannot exec in container %s: it is paused (resume it, or use --ignore-paused)", o.ID)
		}
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
	return &Running{process: j.child, container: j.container, joined: true, started: j.started, stdio: j.stdio}, nil
}

// prepare lowers the process, before anything is touched.
func (j *joining) prepare() error {
	if err := bundle.ValidateProcess(j.options.Process); err != nil {
		return err
	}
	if err := checkTerminal(j.options.Process, j.options.ConsoleSocket, j.options.OnConsole); err != nil {
		return err
	}
	spec, err := Configuration(j.options.StateRoot, j.options.ID)
	if err != nil {
		return err
	}
	facts := &plan.Facts{
		Bundle: j.container.Bundle, ID: j.options.ID,
		Unprivileged: os.Geteuid() != 0, NoGroups: groupsDenied(j.container.Init.PID),
		PreservedFDs: j.options.PreservedFDs,
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
	err = j.child.explain(err)
	j.options.recorded(j.recorder, err, nil, "")
	return err
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
}

// unasked refuses what a joining child has no reason to ask for.
func (j *joining) unasked(machine.Message) (machine.Event, error) {
	return "", unexpected("what only an init asks for")
}

// reserve takes hold of the container's init and cgroup. There is nothing to be
// made.
func (j *joining) reserve(machine.Message) (machine.Event, error) {
	var err error
	if j.init, err = watch(j.container.Init.PID); err != nil {
		return "", err
	}
	if j.group, err = openGroup(j.container); err == nil && j.options.Cgroup != "" {
		j.place, err = j.openPlace()
	}
	return machine.Done, err
}

// spawn clones the child into the init's namespaces, and into the cgroup where that
// leaves ample room: its runtime needs threads and memory that the container's
// limits need not allow.
func (j *joining) spawn(machine.Message) (machine.Event, error) {
	joins, err := j.namespaces()
	if err == nil && !j.options.Process.Terminal {
		err = j.giveStdio()
	}
	if err != nil {
		return "", faulty(protocol.CodeSpawn, err)
	}
	watched, err := j.watched()
	if err == nil {
		defer closeDescriptor(&watched)
		err = j.noteTracer()
	}
	if err != nil {
		return "", faulty(protocol.CodeSpawn, err)
	}
	request := spawn.Request{Watched: watched, Cgroup: -1, Return: -1, Preserved: j.options.PreservedFDs, Stdio: j.options.Stdio}
	if affinity := j.options.Process.ExecCPUAffinity; affinity != nil {
		request.CPUs = bundle.CPUs(affinity.Initial)
	}
	if to := j.destination(); j.ample(to) && (to == j.group || j.ample(j.group)) {
		request.Cgroup = to.FD()
	}
	j.child, err = launch(&request, joins, j.socket)
	if j.inside = err == nil && request.Cgroup >= 0; err != nil && request.Cgroup >= 0 {
		// The kernel has more reasons to refuse a birth there than a move: it tells
		// at the latest when the child is to come in.
		request.Cgroup, request.Join = -1, nil
		j.child, err = launch(&request, joins, j.socket)
	}
	if err != nil {
		return "", faulty(protocol.CodeSpawn, err)
	}
	return machine.Done, faulty(protocol.CodeOperation, j.setOOMScore())
}

func (j *joining) giveStdio() error {
	mappings, err := mappingsOf(j.container.Init.PID)
	if err != nil {
		return err
	}
	return giveStdio(mappings, j.options.Stdio)
}

// setOOMScore sets the child's, which hides from everybody in the container and
// so cannot open the file itself.
func (j *joining) setOOMScore() error {
	score := j.options.Process.OOMScoreAdj
	if score == nil {
		return nil
	}
	err := os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", j.child.pid), []byte(strconv.Itoa(*score)), 0)
	if err != nil {
		return fmt.Errorf("process.oomScoreAdj: %w", err)
	}
	return nil
}

// namespaces are the init's, but for its mount namespace, which the child joins
// last and by itself.
func (j *joining) namespaces() ([]plan.Namespace, error) {
	if !j.container.Init.Alive() {
		return nil, ErrNotRunning
	}
	var joins []plan.Namespace
	for _, namespace := range bundle.Namespaces {
		if namespace.CloneFlag != unix.CLONE_NEWNS {
			joins = append(joins, plan.Namespace{
				Type: namespace.CloneFlag, Path: j.container.Namespaces[string(namespace.Type)], At: "exec",
			})
		}
	}
	return joins, nil
}

func (j *joining) composeHello() ([]machine.Message, error) {
	return helloMessage(protocol.RoleJoin, false, j.options.Deadlines), nil
}

// composePlan sends the plan, with the state that the filter's agent is told.
func (j *joining) composePlan() ([]machine.Message, error) {
	if err := j.requests.fillListener(j.spec, j.child.pid, ociState(j.container, state.Running)); err != nil {
		return nil, err
	}
	return j.requests.composePlan()
}

func (j *joining) open(message machine.Message) (machine.Event, error) {
	return j.requests.open(message, mountfd.Process{Pidfd: j.init.pidfd, Start: j.container.Init.StartTime})
}

func (j *joining) deliverConsole(message machine.Message) (machine.Event, error) {
	return j.requests.deliver(message.Descriptors[0], j.options.ConsoleSocket, j.options.OnConsole)
}

// comeIn moves the child into a cgroup. Where that is systemd's, and we are where we
// may not, systemd may.
func (j *joining) comeIn(group *cgroupv2.Group) error {
	err := j.add(group)
	refused := errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM)
	if !refused || j.container.Unit == "" || group != j.group {
		return err
	}
	manager, err := systemd.Connect(context.Background(), j.container.UserUnit)
	if err != nil {
		return err
	}
	defer manager.Close()
	return manager.Attach(context.Background(), j.container.Unit, j.child.pid)
}

func (j *joining) release(machine.Message) (machine.Event, error) {
	if err := j.remember(); err != nil {
		return "", faulty(protocol.CodeState, err)
	}
	return parentmachine.Go, announce(j.child, j.options.PIDFile, j.options.PIDFDSocket)
}

// remember notes what can be told of the child only while it is there. Who is not
// root may not look at its descriptors: it hides from the container's root.
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
