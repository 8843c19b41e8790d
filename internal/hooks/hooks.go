package hooks

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys/slack"
)

const (
	// MaxStderr is how many bytes of the end of a hook's standard error an Error contains.
	MaxStderr = 4096
	// drainTime is how long a hook's standard error is read after the hook has exited. What
	// it wrote itself is already in the pipe, but a process that it left behind may keep
	// the pipe open forever.
	drainTime = 100 * time.Millisecond
	// killTime is how long a killed hook may take to die. In an uninterruptible system call
	// it can take longer; the hook is then reported, and reaped later.
	killTime = 5 * time.Second
)

// Hook is a program to run.
type Hook struct {
	// Path is the program's absolute path.
	Path string
	// Args is argv, including the program's name; if empty, argv is just the path.
	Args []string
	// Env is the whole environment, KEY=VALUE. Nothing is added or inherited.
	Env []string
	// Directory is the hook's working directory; if empty, the caller's.
	Directory string
	// Timeout is how long the hook may run; zero means no limit.
	Timeout time.Duration
}

// Run runs hooks in order and stops at the first failure, which it returns as an *[Error].
// The specification requires this for prestart, createRuntime, createContainer,
// startContainer and poststart.
func Run(point string, hooks []Hook, state []byte) error {
	for i, hook := range hooks {
		if err := RunOne(point, i, hook, state); err != nil {
			return err
		}
	}
	return nil
}

// RunAll runs all hooks, whether or not earlier ones fail, and returns the failures. The
// specification requires this for poststop, where they are warnings.
func RunAll(point string, hooks []Hook, state []byte) []error {
	var failures []error
	for i, hook := range hooks {
		if err := RunOne(point, i, hook, state); err != nil {
			failures = append(failures, err)
		}
	}
	return failures
}

// RunOne runs the hook with an index at a point and waits for it. A failure is an *[Error].
func RunOne(point string, index int, hook Hook, state []byte) error {
	failure := &Error{Point: point, Index: index, Path: hook.Path}
	stdin, err := newFeed(state)
	if err != nil {
		failure.Err = err
		return failure
	}
	defer stdin.close()
	stderr, err := newTail()
	if err != nil {
		failure.Err = err
		return failure
	}
	defer stderr.close()

	process, err := start(hook, stdin.read, stderr.write)
	// The hook has its own copies; ours would keep the pipes open.
	stdin.read.Close()
	stderr.write.Close()
	if err != nil {
		failure.Err = err
		return failure
	}
	failure.PID = process.Pid
	stdin.start()
	stderr.start()

	status, timedOut, err := await(process, hook.Timeout)
	failure.Stderr = stderr.finish()
	switch {
	case err != nil:
		failure.Err = err
	case timedOut:
		failure.Timeout = hook.Timeout
	case status.Signaled():
		failure.Signal = status.Signal()
	case status.ExitStatus() != 0:
		failure.ExitStatus = status.ExitStatus()
	default:
		return nil
	}
	return failure
}

// start does not use os/exec, which would remove repeated names from the environment.
func start(hook Hook, stdin, stderr *os.File) (*os.Process, error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	arguments := hook.Args
	if len(arguments) == 0 {
		arguments = []string{hook.Path}
	}
	return slack.StartProcess(hook.Path, arguments, &os.ProcAttr{
		Dir: hook.Directory,
		// A nil environment would mean ours.
		Env:   append([]string{}, hook.Env...),
		Files: []*os.File{stdin, null, stderr},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
}

// await waits for the hook and kills it when the timeout has passed.
func await(process *os.Process, timeout time.Duration) (status syscall.WaitStatus, timedOut bool, err error) {
	exited := make(chan error, 1)
	go func() { exited <- waitForExit(process.Pid) }()
	var expired <-chan time.Time
	if timeout > 0 {
		timer := time.NewTimer(timeout)
		defer timer.Stop()
		expired = timer.C
	}
	var killed error
	select {
	case err = <-exited:
	case <-expired:
		timedOut = true
		killed = kill(process)
		timer := time.NewTimer(killTime)
		defer timer.Stop()
		select {
		case err = <-exited:
		case <-timer.C:
			go process.Wait()
			return 0, timedOut, errors.Join(errUnkillable, killed)
		}
	}
	if err != nil {
		return 0, timedOut, err
	}
	state, err := process.Wait()
	if err != nil {
		return 0, timedOut, err
	}
	return state.Sys().(syscall.WaitStatus), timedOut, killed
}

// kill kills a hook and its process group. The hook has not been reaped yet, so neither ID
// can have been reused. But it may have left its group, so it is killed individually as
// well, and the group may no longer exist.
func kill(process *os.Process) error {
	group := unix.Kill(-process.Pid, unix.SIGKILL)
	if group == unix.ESRCH { //nolint:errorlint // bare errno
		group = nil
	}
	return errors.Join(os.NewSyscallError("kill", group), process.Kill())
}

// waitForExit returns when the process has exited, but does not reap it.
func waitForExit(pid int) error {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			return os.NewSyscallError("waitid", err)
		}
	}
}
