package spawn

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// entryPatience is how long an entry may take to start the child. Nobody in the container
// can delay it.
const entryPatience = 10 * time.Second

// entry is what a process needs to start the child among processes that may look into it
// (package child/entry), and to report.
type entry struct {
	mount, processes int
	ours, theirs     int // the ends of a pipe
}

// newEntry removes the PID namespace from those that are joined before the binary is
// executed. It returns nil if the PID namespace is our own, where nobody can hide.
func newEntry(mount int, joins []Join) (*entry, []Join, error) {
	for i, join := range joins {
		if join.Type != unix.CLONE_NEWPID {
			continue
		}
		if err := refuseInterpreted(); err != nil {
			return nil, nil, err
		}
		pipe := make([]int, 2)
		if err := unix.Pipe2(pipe, unix.O_CLOEXEC); err != nil {
			return nil, nil, os.NewSyscallError("pipe2", err)
		}
		others := append(append([]Join(nil), joins[:i]...), joins[i+1:]...)
		return &entry{mount: mount, processes: join.FD, ours: pipe[0], theirs: pipe[1]}, others, nil
	}
	return nil, joins, nil
}

// refuseInterpreted refuses to run if our binary needs an interpreter, which would be the
// container's. We examine ourselves because the child, which executes a copy of us, is not
// allowed to read its own binary.
func refuseInterpreted() error {
	interpreted, err := sys.Interpreted()
	if err == nil && interpreted {
		err = errors.New("this program is linked dynamically, and the container need not have its interpreter: build it with CGO_ENABLED=0")
	}
	return err
}

// descriptors returns those of protocol's EntryDescriptors, in order.
func (e *entry) descriptors() []int {
	if e == nil {
		return nil
	}
	return []int{e.theirs, e.mount, e.processes}
}

func (e *entry) close() {
	if e != nil {
		closeDescriptor(&e.ours)
		closeDescriptor(&e.theirs)
	}
}

// EntryError is a failure of the process that was to start the child, or of the child's
// start by it. The kernel has refused neither the clone nor what belongs to it.
type EntryError struct{ Err error }

func (e *EntryError) Error() string {
	return "start the child in the container's namespaces: " + e.Err.Error()
}

// Unwrap returns the failure itself.
func (e *EntryError) Unwrap() error { return e.Err }

// child waits for the report of the process pid, reaps it, and returns the child.
func (e *entry) child(pid int) (int, error) {
	closeDescriptor(&e.theirs)
	said, err := e.report()
	if err != nil {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
	if waitErr := wait(pid, 0); err == nil {
		err = waitErr
	}
	if err != nil {
		return 0, err
	}
	child, err := strconv.Atoi(said)
	if err != nil {
		return 0, errors.New(said)
	}
	// Until the child executes the binary it has the end of the pipe too, and could be made
	// to write to it.
	if err := wait(child, unix.WNOHANG|unix.WNOWAIT); err != nil || child <= 0 {
		return 0, fmt.Errorf("the process that is said to be the child, %q, is none of ours", said)
	}
	return child, nil
}

func (e *entry) report() (string, error) {
	end := time.Now().Add(entryPatience)
	for {
		poll := []unix.PollFd{{Fd: int32(e.ours), Events: unix.POLLIN}}
		ready, err := unix.Poll(poll, int(max(0, time.Until(end)).Milliseconds())) // less than zero would mean forever
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return "", os.NewSyscallError("poll", err)
		}
		if ready == 0 {
			return "", fmt.Errorf("nothing was heard for %s: %w", entryPatience, os.ErrDeadlineExceeded)
		}
		said := make([]byte, 4096)
		count, err := unix.Read(e.ours, said)
		if err != nil {
			return "", os.NewSyscallError("read", err)
		}
		if count == 0 {
			return "", errors.New("the process that was to start it has ended")
		}
		return string(said[:count]), nil
	}
}

// wait waits for one of our children (waitid(2)).
func wait(pid, options int) error {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|options, nil)
		if !errors.Is(err, unix.EINTR) {
			return os.NewSyscallError("waitid", err)
		}
	}
}
