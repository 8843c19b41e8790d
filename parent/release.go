package parent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/internal/hooks"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/console"
	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// startSocket is the name of the socket, in the container's state directory, on which a
// created container waits for start. Only the owner can access the directory.
const startSocket = "start"

// emptyTimeout bounds the wait for killed processes to end.
const emptyTimeout = 10 * time.Second

// release does what the caller wants: start the program, or leave it waiting.
func (h *handshake) release(machine.Message) (machine.Event, error) {
	if err := announce(h.child, h.options.PIDFile, h.options.PIDFDSocket); err != nil {
		return "", err
	}
	if !h.leave {
		return parentmachine.Go, nil
	}
	return parentmachine.Leave, nil
}

// listen makes the socket on which the child waits for start. The path may be longer than a
// socket address, so it binds through a descriptor of the directory.
func listen(directory *os.File) (int, error) {
	socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	address := &unix.SockaddrUnix{Name: startAddress(directory)}
	if err = unix.Bind(socket, address); err != nil {
		err = &os.PathError{Op: "bind", Path: startSocket, Err: err}
	} else if err = unix.Listen(socket, 8); err != nil {
		err = &os.PathError{Op: "listen", Path: startSocket, Err: err}
	}
	if err != nil {
		unix.Close(socket)
		return -1, err
	}
	return socket, nil
}

func startAddress(directory *os.File) string {
	return fmt.Sprintf("/proc/self/fd/%d/%s", directory.Fd(), startSocket)
}

func (h *handshake) composeDetach() ([]machine.Message, error) {
	listener := h.listener
	h.listener = -1
	return []machine.Message{{Frame: &protocol.Detach{}, Descriptors: []int{listener}, Given: true}}, nil
}

// announce tells the caller the process's ID before the program runs.
func announce(child *process, file, socket string) error {
	if socket != "" {
		if err := console.SendPIDFD(socket, child.pidfd); err != nil {
			return err
		}
	}
	return writePIDFile(file, child.pid)
}

// writePIDFile writes a process ID to a file atomically: engines read the file as soon as
// it exists.
func writePIDFile(name string, pid int) error {
	if name == "" {
		return nil
	}
	temporary := name + ".fsrun"
	file, err := createAnew(temporary)
	if err != nil {
		return fmt.Errorf("pid file: %w", err)
	}
	_, err = file.WriteString(strconv.Itoa(pid))
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(temporary, name)
	}
	if err != nil {
		os.Remove(temporary)
		return fmt.Errorf("pid file: %w", err)
	}
	return nil
}

// createAnew creates a file that does not exist. If the name exists, createAnew removes it
// once: a killed process may have left it. It never writes to what was there: others may be
// able to write to the directory too, and may have put a link to a file of ours there, or a
// file of theirs.
func createAnew(name string) (*os.File, error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	file, err := os.OpenFile(name, flags, 0o644) //nolint:gosec // engines of other users read it
	if !errors.Is(err, os.ErrExist) {
		return file, err
	}
	if err := os.Remove(name); err != nil {
		return nil, err
	}
	return os.OpenFile(name, flags, 0o644) //nolint:gosec // as before
}

// tearDown undoes the creation in reverse order. If the child is stuck, what it uses cannot
// be undone and is still on record, for delete.
func (h *handshake) tearDown(machine.Message) (machine.Event, error) {
	var failures []error
	h.child.noteWork(h.plan.Ops)
	if h.child != nil {
		h.child.terminate()
	}
	h.child.note(h.group)
	if h.child.isStuck() {
		h.poststop()
		return machine.Done, nil
	}
	if h.group != nil {
		failures = append(failures, deleteGroup(cgroupv2.Within(emptyTimeout), h.group, h.kept), leaveSlice(h.tree, h.cgroup))
		h.group = nil
	}
	failures = append(failures, h.scope.stop(context.Background()), h.shares.Undo())
	if h.child != nil {
		h.poststop()
	}
	if h.handle != nil {
		failures = append(failures, h.handle.Remove())
		h.handle = nil
	}
	return machine.Done, errors.Join(failures...)
}

// deleteGroup kills what is in a cgroup and, once it is empty, deletes what was made of it.
func deleteGroup(patience context.Context, group *cgroupv2.Group, kept keptPrograms) error {
	killed := group.Kill()
	if err := group.WaitEmpty(patience); err != nil {
		err = errors.Join(killed, err, kept.restore(group))
		group.Close()
		return err
	}
	return errors.Join(killed, kept.restore(group), group.Delete(patience))
}

// poststop runs the hooks that follow a container's end, even if it never began
// (runtime.md, "Lifecycle"). Their failures are warnings.
func (h *handshake) poststop() {
	if h.bundle.Spec.Hooks == nil || h.record == nil {
		return
	}
	content, err := h.stateJSON(state.Stopped)
	if err != nil {
		h.options.warn(err.Error())
		return
	}
	for _, failure := range hooks.RunAll("poststop", bundle.RunnableHooks(h.bundle.Spec.Hooks.Poststop), content) {
		h.options.warn(failure.Error())
	}
}
