package mountfd

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// A Process is one whose mount namespace may be opened. The zero value means none.
type Process struct {
	// Pidfd refers to the process (pidfd_open(2)).
	Pidfd int
	// Start is when the process started, as recorded then: field 22 of proc_pid_stat(5), in
	// clock ticks since boot. It is never 0.
	Start uint64
}

// mountNamespace opens the process's mount namespace. The pidfd gives the process's ID and
// shows that it is still alive once the namespace is open, so the ID was not another
// process's in between. The start time shows that the pidfd is not that of a later process
// with the recorded ID.
func (p Process) mountNamespace() (int, error) {
	if p.Start == 0 {
		return -1, refuse("no process was given whose mount namespace is to be joined")
	}
	directory, err := p.open()
	if err != nil {
		return -1, err
	}
	defer unix.Close(directory)
	if err := p.checkStart(directory); err != nil {
		return -1, err
	}
	namespace, err := unix.Openat(directory, "ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		if ended := p.checkAlive(); ended != nil {
			return -1, ended
		}
		return -1, failure("openat", "ns/mnt", err)
	}
	if err := errors.Join(p.checkAlive(), checkMountNamespace(namespace)); err != nil {
		unix.Close(namespace)
		return -1, err
	}
	return namespace, nil
}

// open opens the process's directory in a genuine procfs.
func (p Process) open() (int, error) {
	pid, err := p.number()
	if err != nil {
		return -1, err
	}
	path := fmt.Sprintf("/proc/%d", pid)
	directory, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, failure("open", path, err)
	}
	var system unix.Statfs_t
	if err := unix.Fstatfs(directory, &system); err != nil {
		unix.Close(directory)
		return -1, failure("fstatfs", path, err)
	}
	if system.Type != unix.PROC_SUPER_MAGIC {
		unix.Close(directory)
		return -1, refuse("%s is not on a procfs", path)
	}
	return directory, nil
}

// number returns the process's ID according to the pidfd's entry in proc_pid_fdinfo(5): -1
// once the process has been reaped.
func (p Process) number() (int, error) {
	path := fmt.Sprintf("/proc/self/fdinfo/%d", p.Pidfd)
	text, err := sys.ReadFile(path)
	if err != nil {
		return 0, failure("read", path, err)
	}
	for line := range strings.Lines(string(text)) {
		value, found := strings.CutPrefix(line, "Pid:")
		if !found {
			continue
		}
		pid, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil || pid <= 0 {
			return 0, gone()
		}
		return pid, nil
	}
	return 0, refuse("descriptor %d is not a pidfd", p.Pidfd)
}

func (p Process) checkStart(directory int) error {
	fd, err := unix.Openat(directory, "stat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return failure("openat", "stat", err)
	}
	defer unix.Close(fd)
	var text [4096]byte
	n, err := unix.Read(fd, text[:])
	if err != nil {
		return failure("read", "stat", err)
	}
	start, err := startTime(string(text[:n]))
	if err != nil {
		return refuse("%v", err)
	}
	if start != p.Start {
		return refuse("the process started at %d, not at %d as recorded: its number was given to another one", start, p.Start)
	}
	return nil
}

// startTime returns field 22 of proc_pid_stat(5). Field 2, the name, may contain anything
// and ends at the last parenthesis.
func startTime(stat string) (uint64, error) {
	_, rest, found := cutLast(stat, ") ")
	fields := strings.Fields(rest)
	const third, wanted = 3, 22
	if !found || len(fields) <= wanted-third {
		return 0, fmt.Errorf("the stat of a process has no field %d: %q", wanted, stat)
	}
	return strconv.ParseUint(fields[wanted-third], 10, 64)
}

func cutLast(text, separator string) (before, after string, found bool) {
	at := strings.LastIndex(text, separator)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len(separator):], true
}

// checkAlive returns an error if the process has ended: the pidfd is then readable
// (pidfd_open(2)).
func (p Process) checkAlive() error {
	polled := []unix.PollFd{{Fd: int32(p.Pidfd), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(polled, 0)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return failure("poll", "pidfd", err)
		case polled[0].Revents != 0:
			return gone()
		default:
			return nil
		}
	}
}

func gone() error {
	return &protocol.Fault{
		Code: protocol.CodeOpen, Errno: unix.ESRCH,
		Detail: "the process whose mount namespace is to be joined has ended",
	}
}

// checkMountNamespace asks the kernel what the descriptor is (ioctl_nsfs(2)).
func checkMountNamespace(fd int) error {
	kind, err := unix.IoctlRetInt(fd, unix.NS_GET_NSTYPE)
	if err != nil {
		return failure("ioctl NS_GET_NSTYPE", "ns/mnt", err)
	}
	if kind != unix.CLONE_NEWNS {
		return refuse("a namespace of type %#x is not a mount namespace", kind)
	}
	return nil
}
