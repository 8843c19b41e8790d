package supervise

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// LauncherName is the argv[0] that makes a test's own program the launcher.
const LauncherName = "fsrun-test-launcher"

// Launch is the launcher: it installs the filter and executes the command. This is not done
// in the test's own process, where the garbage collector would wait for a thread whose call
// is waiting for a decision.
func Launch() {
	runtime.LockOSThread()
	path, arguments := os.Args[1], os.Args[2:]
	_, err := Install(AnsweringOthers(unix.SECCOMP_RET_USER_NOTIF, append(passingHere, passing...)...), unix.SECCOMP_FILTER_FLAG_NEW_LISTENER)
	if err == nil {
		err = unix.Exec(path, arguments, os.Environ())
	}
	fmt.Fprintln(os.Stderr, LauncherName+":", err)
	os.Exit(1)
}

// passing lists the calls that are always allowed: Go's own, which must not fail, and
// close(2), which closes even if it fails.
var passing = []uint32{
	unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MADVISE, unix.SYS_MPROTECT, unix.SYS_BRK, unix.SYS_FUTEX, unix.SYS_CLONE,
	unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_RT_SIGTIMEDWAIT,
	unix.SYS_SET_TID_ADDRESS, unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ, unix.SYS_SCHED_GETAFFINITY, unix.SYS_RESTART_SYSCALL,
	unix.SYS_SCHED_YIELD, unix.SYS_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_GETTID, unix.SYS_GETPID,
	unix.SYS_GETPPID, unix.SYS_TGKILL, unix.SYS_EXIT, unix.SYS_EXIT_GROUP, unix.SYS_UNAME, unix.SYS_EPOLL_CREATE1,
	unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_EVENTFD2, unix.SYS_TIMER_CREATE, unix.SYS_TIMER_SETTIME,
	unix.SYS_TIMER_DELETE, unix.SYS_SETITIMER, unix.SYS_CLOSE,
}

// Run runs a command. Each of its system calls, and of those of everything that it starts,
// waits for decide, except Go's own. Decide returns an error number, or 0 to allow the
// call, and is not called concurrently. Run returns the result of the command's Wait, which
// ends when the command does, not what it leaves behind.
func Run(t testing.TB, command *exec.Cmd, decide func(*sys.Notification) unix.Errno) error {
	t.Helper()
	return RunUntil(t, command, func() bool { return true }, decide)
}

// RunUntil is Run, but goes on deciding after the command has ended, until over returns
// true.
func RunUntil(t testing.TB, command *exec.Cmd, over func() bool, decide func(*sys.Notification) unix.Errno) error {
	t.Helper()
	command.Args = append([]string{LauncherName, command.Path}, command.Args...)
	command.Path = "/proc/self/exe"
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	listener, err := take(command.Process.Pid)
	if err != nil {
		_ = command.Process.Kill()
		t.Fatal("the launcher's listener:", errors.Join(err, command.Wait()))
	}
	defer unix.Close(listener)
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	executed, isOver := false, false
	var result error
	for {
		select {
		case result = <-ended:
			ended, isOver = nil, true
		default:
		}
		if isOver && over() {
			return result
		}
		serve(t, listener, func(call *sys.Notification) unix.Errno {
			if !executed { // it is still the launcher
				executed = call.Call == unix.SYS_EXECVE
				return 0
			}
			return decide(call)
		})
	}
}

// takeTime is how long a launcher may take to have a listener.
const takeTime = time.Minute

// take fetches the listener of a launcher, which is waiting for a decision.
func take(pid int) (int, error) {
	process, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return -1, os.NewSyscallError("pidfd_open", err)
	}
	defer unix.Close(process)
	directory := fmt.Sprintf("/proc/%d/fd", pid)
	for end := time.Now().Add(takeTime); time.Now().Before(end); time.Sleep(time.Millisecond) {
		entries, err := os.ReadDir(directory)
		if err != nil {
			return -1, err
		}
		for _, entry := range entries {
			if link, _ := os.Readlink(filepath.Join(directory, entry.Name())); link != "anon_inode:seccomp notify" {
				continue
			}
			var number int
			if _, err := fmt.Sscan(entry.Name(), &number); err != nil {
				return -1, err
			}
			listener, err := unix.PidfdGetfd(process, number, 0)
			return listener, os.NewSyscallError("pidfd_getfd", err)
		}
	}
	return -1, errors.New("there is none")
}

// pause is how often to check whether the command has ended, in ms.
const pause = 20

// serve decides on the next call, if there is one.
func serve(t testing.TB, listener int, decide func(*sys.Notification) unix.Errno) {
	t.Helper()
	events := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}
	if _, err := unix.Poll(events, pause); err != nil && err != unix.EINTR {
		t.Errorf("poll: %v", err)
	}
	if events[0].Revents&unix.POLLIN == 0 {
		return
	}
	call, err := sys.ReceiveNotification(listener)
	if err != nil {
		return // its thread is gone, or a signal interrupted the call, which will be repeated
	}
	if errno := decide(&call); errno != 0 {
		_ = sys.FailNotified(listener, call.ID, errno)
	} else {
		_ = sys.ContinueNotified(listener, call.ID)
	}
}
