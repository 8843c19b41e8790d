package parent

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/parent/spawn"
)

// process is a child of ours: its handle, and how it ended once it has.
type process struct {
	pid    int
	pidfd  int
	binary *spawn.Binary // what it runs until it executes the program, nil for nothing of ours
	ended  *unix.WaitStatus
	killed bool // by us
	stuck  bool // killed by us, and has not ended
	// counted is what its cgroup had counted when the handshake failed, nil if
	// that is not known.
	counted *cgroupv2.Stats
	// work is what it was at when it was killed for want of time, "" if unknown.
	work string
	// workAt is the place in config.json that it comes from, "" if that is not known.
	workAt string
}

func watch(pid int) (*process, error) {
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, os.NewSyscallError("pidfd_open", err)
	}
	return &process{pid: pid, pidfd: pidfd}, nil
}

// signal reaches this process and no other, whatever became of its id. Without a
// handle the id does: it is our child's, and not reaped yet.
func (p *process) signal(signal unix.Signal) error {
	if p.pidfd < 0 {
		return os.NewSyscallError("kill", unix.Kill(p.pid, signal))
	}
	if err := unix.PidfdSendSignal(p.pidfd, signal, nil, 0); err != nil {
		return os.NewSyscallError("pidfd_send_signal", err)
	}
	return nil
}

// alive says whether the process has not ended; it may be unreaped.
func (p *process) alive() bool { return !p.endsWithin(0) }

// forever is a patience without an end.
const forever = -time.Millisecond

// endsWithin waits for the process's end.
func (p *process) endsWithin(patience time.Duration) bool {
	if p.ended != nil {
		return true
	}
	poll := []unix.PollFd{{Fd: int32(p.pidfd), Events: unix.POLLIN}}
	for {
		ready, err := unix.Poll(poll, int(patience.Milliseconds()))
		if err != unix.EINTR { //nolint:errorlint // bare errno
			return err != nil || ready > 0
		}
	}
}

// leavingTime is how long a process may take from the moment when its execution is seen
// until it has let go of what it ran before.
const leavingTime = 300 * time.Microsecond

// leaveBinary closes what the process ran before it executed the program. It comes after
// the process itself, which else would wait for the kernel before its first instruction;
// here nobody waits for us.
func (p *process) leaveBinary() {
	if p.binary != nil {
		patience := unix.NsecToTimespec(leavingTime.Nanoseconds())
		_, _ = unix.Ppoll([]unix.PollFd{{Fd: int32(p.pidfd), Events: unix.POLLIN}}, &patience, nil)
		p.binary.Close()
		p.binary = nil
	}
}

// endsBefore waits for the process's end or for something to read, whichever
// comes first.
func (p *process) endsBefore(descriptor int) bool {
	poll := []unix.PollFd{{Fd: int32(p.pidfd), Events: unix.POLLIN}, {Fd: int32(descriptor), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(poll, -1)
		if !errors.Is(err, unix.EINTR) {
			return err != nil || poll[0].Revents != 0
		}
	}
}

// comm is the process's name to the kernel, also of one that has ended and is
// not reaped; "" if there is no such process.
func (p *process) comm() (string, error) {
	name, err := sys.ReadFile(fmt.Sprintf("/proc/%d/comm", p.pid))
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) {
		return "", nil
	}
	return strings.TrimSuffix(string(name), "\n"), err
}

// wait reaps the process and says how it ended.
func (p *process) wait() (unix.WaitStatus, error) {
	if p.ended != nil {
		return *p.ended, nil
	}
	var status unix.WaitStatus
	for {
		_, err := unix.Wait4(p.pid, &status, 0, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return 0, os.NewSyscallError("wait4", err)
		}
		p.ended = &status
		return status, nil
	}
}

// endingTime is how long a child is left to end by itself. One that has heard or
// sent a Fault does, and one that was killed closes its descriptors, which we
// see, before it has ended: how it ended is worth knowing.
const endingTime = 100 * time.Millisecond

// terminate kills the process, if it does not end by itself, and reaps it. One that the
// kernel does not let end, as in a call to a file system whose server is gone, is left to
// itself: whoever waited for it would be as stuck.
func (p *process) terminate() {
	if p.ended != nil {
		return
	}
	p.killed = !p.endsWithin(endingTime)
	_ = p.signal(unix.SIGKILL) // one that has ended needs none
	if p.stuck = p.pidfd >= 0 && !p.endsWithin(emptyTimeout); p.stuck {
		go func() { _, _ = unix.Wait4(p.pid, nil, 0, nil) }() // a program that lives on is left no zombie
		return
	}
	_, _ = p.wait()
}

// isStuck says whether the process, if there is one, has outlived its being killed.
func (p *process) isStuck() bool { return p != nil && p.stuck }

// close gives everything back; of a child that was never made there is nothing.
func (p *process) close() {
	if p != nil {
		closeDescriptor(&p.pidfd)
		p.binary.Close()
	}
}

func closeDescriptor(descriptor *int) {
	if *descriptor >= 0 {
		unix.Close(*descriptor)
		*descriptor = -1
	}
}
