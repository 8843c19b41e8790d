package parent

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/internal/recording"
	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
	"github.com/fsrun/fsrun/protocol/transport"
)

// starter is one walk of the parent's machine from where another process left it: detached.
type starter struct {
	child     *process
	handle    *state.Handle
	container *state.Container
	recorder  *recording.Recorder
}

// Start has a created container's program executed, and runs the poststart hooks. If
// anything fails, including a hook, the container has ended and remains to be deleted
// (runtime.md, "Lifecycle").
func Start(root, id string, told Handshake) error {
	recorder := recording.NewRecorder("start", id)
	l, err := lock(root, id)
	if err != nil {
		return err
	}
	defer l.Close()
	switch l.status {
	case state.Created:
	case state.Paused:
		return refuseStatus("cannot start container %s: it is paused; resume it first", id)
	default:
		return refuseStatus("cannot start container %s in the %s state: allowed is created", id, l.status)
	}
	told.join(recorder, l.container.Annotations)
	s := &starter{handle: l.Handle, container: l.container, recorder: recorder}
	if err := s.walk(l.container, told); err != nil {
		return err
	}
	l.Close() // hooks may change the container
	if err := poststart(l.container); err != nil {
		return errors.Join(err, stop(root, l.container))
	}
	return nil
}

// stop kills what runs in a container and waits until it has ended.
func stop(root string, container *state.Container) error {
	_, stuck := kill(cgroupv2.Within(emptyTimeout), container.Init)
	if container.OwnPIDNamespace {
		return stuck
	}
	return errors.Join(stuck, killRest(root, container))
}

func (s *starter) walk(container *state.Container, told Handshake) error {
	var err error
	if s.child, err = watch(container.Init.PID); err != nil {
		return err
	}
	defer s.child.close()
	channel, err := connect(s.handle.Directory())
	if err != nil {
		return err
	}
	defer channel.Close()
	walker, err := machine.New(parentmachine.Table, parentmachine.Detached)
	if err != nil {
		return err
	}
	deadlines := told.Deadlines
	if _, asked := deadlines[parentmachine.Starting]; !asked {
		deadlines = map[machine.State]time.Duration{parentmachine.Starting: container.StartDeadline}
	}
	runner := &machine.Runner{
		Machine: walker, Channel: channel,
		Effects: map[machine.Effect]func(machine.Message) (machine.Event, error){
			parentmachine.Confirm:  s.confirm,
			parentmachine.TearDown: s.tearDown,
		},
		Compose: map[protocol.Kind]func() ([]machine.Message, error){
			protocol.KindStart: func() ([]machine.Message, error) { return composeStart(container.SeccompAgent) },
		},
		Deadlines: deadlines,
		Observe:   told.observers(s.recorder),
	}
	_, err = runner.Drive(parentmachine.Attach)
	err = s.child.explain(err)
	told.recorded(s.recorder, err, s.handle, startFile)
	return err
}

func connect(directory *os.File) (*transport.Socket, error) {
	socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := unix.Connect(socket, &unix.SockaddrUnix{Name: startAddress(directory)}); err != nil {
		unix.Close(socket)
		return nil, &os.PathError{Op: "connect", Path: directory.Name() + "/" + startSocket, Err: err}
	}
	return transport.NewSocket(socket)
}

// confirm makes the container running by removing its socket, whose existence means
// created.
func (s *starter) confirm(machine.Message) (machine.Event, error) {
	event, err := s.child.executed()
	if err != nil {
		return "", err
	}
	name, err := s.child.comm()
	if err != nil {
		return "", cannotTell(err)
	}
	if name == protocol.ChildComm && s.listens() {
		return "", &protocol.Fault{
			Code: protocol.CodeGone, Awaited: parentmachine.Table.Waiting(parentmachine.Starting).For,
			Detail: "the child closed the connection before it received Start",
		}
	}
	return event, s.removeSocket()
}

// listens reports whether the child is still waiting to be started: it closes a connection
// if a caller is too slow, and the socket when it executes the program.
func (s *starter) listens() bool {
	channel, err := connect(s.handle.Directory())
	if err != nil {
		return false
	}
	channel.Close()
	return true
}

func (s *starter) removeSocket() error {
	err := unix.Unlinkat(int(s.handle.Directory().Fd()), startSocket, 0)
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return &os.PathError{Op: "unlinkat", Path: s.handle.Directory().Name() + "/" + startSocket, Err: err}
	}
	return nil
}

// tearDown ends the container; delete does the rest.
func (s *starter) tearDown(machine.Message) (machine.Event, error) {
	s.child.noteWork(nil)
	_ = s.child.signal(unix.SIGKILL) // it may have ended already
	if group, err := openGroup(s.container); err == nil && group != nil {
		s.child.note(group)
		group.Close()
	}
	return machine.Done, faulty(protocol.CodeState, s.removeSocket())
}
