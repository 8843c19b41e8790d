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

// process is a child of ours: its pidfd and, once it has ended, how it ended.
type process struct {
	pid    int
	pidfd  int
	binary *spawn.Binary // what it runs until it executes the program; nil if nothing of ours
	ended  *unix.WaitStatus
	killed bool // by us
	stuck  bool // killed by us, but has not ended
	// counted is what its cgroup had counted when the handshake failed, nil if unknown.
	counted *cgroupv2.Stats
	// work is what it was doing when it was killed because of a deadline, "" if unknown.
	work string
	// workAt is the place in config.json that asked for that, "" if unknown.
	workAt string
}

func watch(pid int) (*process, error) {
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, os.NewSyscallError("pidfd_open", err)
	}
	return &process{pid: pid, pidfd: pidfd}, nil
}

// signal signals this process and no other, even if its ID has been reused. Without a pidfd
// it uses the ID: our child's cannot be reused until we reap it.
func (p *process) signal(signal unix.Signal) error {
	if p.pidfd < 0 {
		return os.NewSyscallError("kill", unix.Kill(p.pid, signal))
	}
	if err := unix.PidfdSendSignal(p.pidfd, signal, nil, 0); err != nil {
		return os.NewSyscallError("pidfd_send_signal", err)
	}
	return nil
}

// alive reports whether the process has not ended. A process that has ended need not have
// been reaped.
func (p *process) alive() bool { return !p.endsWithin(0) }

// forever makes endsWithin wait without a time limit.
const forever = -time.Millisecond

// endsWithin waits for the process to end, for at most patience.
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

// leavingTime is how long a process may still use its previous program after we have seen
// it execute the next one.
const leavingTime = 300 * time.Microsecond

// leaveBinary closes what the process ran before it executed the program. The last one to
// close it waits for the kernel: that should be us, when nobody waits for us, rather than
// the process, before its first instruction.
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

// comm returns the process's name in the kernel, even if it has ended but has not been
// reaped; "" if there is no such process.
func (p *process) comm() (string, error) {
	name, err := sys.ReadFile(fmt.Sprintf("/proc/%d/comm", p.pid))
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) {
		return "", nil
	}
	return strings.TrimSuffix(string(name), "\n"), err
}

// wait reaps the process and returns how it ended.
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

// endingTime is how long to wait for a child to end by itself. One that has received or
// sent a Fault does. One that was killed closes its descriptors, which we notice, before it
// has ended, and how it ended is worth knowing.
const endingTime = 100 * time.Millisecond

// terminate reaps the process. If it does not end by itself, terminate kills it. A process
// that the kernel does not let end, as in a call to a file system whose server is gone, is
// abandoned: whoever waited for it would be stuck too.
func (p *process) terminate() {
	if p.ended != nil {
		return
	}
	p.killed = !p.endsWithin(endingTime)
	_ = p.signal(unix.SIGKILL) // it may have ended already
	if p.stuck = p.pidfd >= 0 && !p.endsWithin(emptyTimeout); p.stuck {
		go func() { _, _ = unix.Wait4(p.pid, nil, 0, nil) }() // leave no zombie: a program that embeds us may run on
		return
	}
	_, _ = p.wait()
}

// isStuck reports whether the process, if there is one, has not ended although it was
// killed.
func (p *process) isStuck() bool { return p != nil && p.stuck }

// close releases everything; p is nil if no child was made.
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
