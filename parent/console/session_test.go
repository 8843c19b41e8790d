package console

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A runtime in the foreground is a process with a session, a controlling terminal and
// default signal actions, so these tests start the test binary again as one.
const asRuntime = "FSRUN_CONSOLE_TEST_COMMAND"

func TestMain(m *testing.M) {
	if command, wanted := os.LookupEnv(asRuntime); wanted {
		os.Exit(runForeground(command))
	}
	os.Exit(m.Run())
}

// runForeground is a small runtime whose container is a shell command.
func runForeground(script string) int {
	master, slave, err := newPTY()
	if err != nil {
		fmt.Println(err)
		return 125
	}
	if err := clearONLCR(slave); err != nil {
		fmt.Println(err)
		return 125
	}
	r, err := Foreground(descriptor(master), Caller{Input: 0, Output: 1})
	if err != nil {
		fmt.Println(err)
		return 125
	}
	defer r.Close()
	command := exec.Command("/bin/sh", "-c", script)
	command.Stdin, command.Stdout, command.Stderr = slave, slave, slave
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Pdeathsig: unix.SIGKILL}
	if err := command.Start(); err != nil {
		fmt.Println(err)
		return 125
	}
	slave.Close()
	command.Wait()
	if err := r.Close(); err != nil {
		fmt.Println(err)
		return 125
	}
	return command.ProcessState.ExitCode()
}

type session struct {
	*exec.Cmd
	outer, inner *os.File
	screen       *screen
	found        unix.Termios
}

func startSession(t *testing.T, script string) *session {
	t.Helper()
	return startSessionOf(t, script, exec.Command("/proc/self/exe"))
}

func startSessionOf(t *testing.T, script string, runtime *exec.Cmd) *session {
	t.Helper()
	outer, inner := openPTY(t)
	s := &session{outer: outer, inner: inner, found: modes(t, inner), screen: watch(outer)}
	setSize(t, outer, 24, 80)
	s.Cmd = runtime
	s.Env = append(os.Environ(), asRuntime+"="+script)
	inSession(t, inner, s.Cmd)
	return s
}

func (s *session) shows(t *testing.T, text string) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("the screen shows %q", s.screen.text())
		}
	}()
	eventually(t, fmt.Sprintf("the screen shows %q", text), func() bool {
		return strings.Contains(s.screen.text(), text)
	})
}

func (s *session) isRaw(t *testing.T) bool {
	return modes(t, s.inner).Lflag&unix.ICANON == 0
}

func (s *session) wait(t *testing.T) syscall.WaitStatus {
	t.Helper()
	s.Wait()
	if after := modes(t, s.inner); after != s.found {
		t.Errorf("the terminal was left in other modes: found %+v, left %+v", s.found, after)
	}
	return s.ProcessState.Sys().(syscall.WaitStatus)
}

func TestSessionPassesOnEverything(t *testing.T) {
	s := startSession(t, `stty size; trap 'stty size; exit 7' WINCH; echo ready; while :; do sleep 0.02; done`)
	s.shows(t, "24 80\r\nready\r\n")
	if !s.isRaw(t) {
		t.Error("the caller's terminal is not raw")
	}
	setSize(t, s.outer, 40, 100) // nothing else is needed: the kernel notifies the runtime
	s.shows(t, "40 100\r\n")
	if status := s.wait(t); status.ExitStatus() != 7 {
		t.Errorf("exit status %d, want 7", status.ExitStatus())
	}
}

func TestSessionEndedBySignalRestoresTerminal(t *testing.T) {
	for _, end := range []syscall.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGTERM} {
		t.Run(end.String(), func(t *testing.T) {
			s := startSession(t, "echo ready; exec sleep 60")
			s.shows(t, "ready")
			s.Process.Signal(end)
			if status := s.wait(t); !status.Signaled() || status.Signal() != end {
				t.Errorf("ended with %v, want death by %v", s.ProcessState, end)
			}
		})
	}
}

func TestSessionGivesUpTerminalWhileStopped(t *testing.T) {
	s := startSession(t, "echo ready; read line; echo got:$line; exit 3")
	s.shows(t, "ready")
	s.Process.Signal(unix.SIGTSTP)
	var status unix.WaitStatus
	if _, err := unix.Wait4(s.Process.Pid, &status, unix.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("not stopped: %v, status %#x", err, status)
	}
	if s.isRaw(t) {
		t.Error("the terminal is raw while the runtime is stopped")
	}
	setSize(t, s.outer, 30, 90)
	s.Process.Signal(unix.SIGCONT)
	eventually(t, "the terminal is raw again", func() bool { return s.isRaw(t) })
	s.outer.WriteString("again\r")
	s.shows(t, "got:again\r\n")
	if status := s.wait(t); status.ExitStatus() != 3 {
		t.Errorf("exit status %d, want 3", status.ExitStatus())
	}
}

func TestSessionKeepsIgnoredSignalIgnored(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := startSessionOf(t, "echo ready; exec sleep 60", exec.Command("/bin/sh", "-c", `trap "" HUP; exec "$0"`, self))
	s.shows(t, "ready")
	s.Process.Signal(unix.SIGHUP)
	s.Process.Signal(unix.SIGTERM)
	if status := s.wait(t); status.Signal() != unix.SIGTERM {
		t.Errorf("ended with %v, want death by %v: the other was ignored", s.ProcessState, unix.SIGTERM)
	}
}
