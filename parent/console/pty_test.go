package console

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const patience = 10 * time.Second

// openPTY opens a pseudoterminal. Both ends are in blocking mode and are closed with the
// test.
func openPTY(tb testing.TB) (master, slave *os.File) {
	tb.Helper()
	master, slave, err := newPTY()
	if err != nil {
		if os.Getenv("FSRUN_GUEST") != "1" && errors.Is(err, unix.ENOENT) {
			tb.Skipf("needs a devpts on /dev/pts: %v", err)
		}
		tb.Fatal(err)
	}
	tb.Cleanup(func() { master.Close(); slave.Close() })
	return master, slave
}

func newPTY() (master, slave *os.File, err error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("/dev/ptmx: %w", err)
	}
	master = os.NewFile(uintptr(fd), "master")
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return nil, nil, err
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		return nil, nil, err
	}
	path := fmt.Sprintf("/dev/pts/%d", number)
	slaveFD, err := unix.Open(path, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return master, os.NewFile(uintptr(slaveFD), path), nil
}

// containerPTY is openPTY with the modes that the child sets on its terminal.
func containerPTY(tb testing.TB) (master, slave *os.File) {
	tb.Helper()
	master, slave = openPTY(tb)
	if err := clearONLCR(slave); err != nil {
		tb.Fatal(err)
	}
	return master, slave
}

func clearONLCR(slave *os.File) error {
	modes, err := unix.IoctlGetTermios(descriptor(slave), unix.TCGETS)
	if err != nil {
		return err
	}
	modes.Oflag &^= unix.ONLCR
	return setModes(descriptor(slave), modes)
}

func descriptor(file *os.File) int { return int(file.Fd()) }

func modes(tb testing.TB, file *os.File) unix.Termios {
	tb.Helper()
	got, err := unix.IoctlGetTermios(descriptor(file), unix.TCGETS)
	if err != nil {
		tb.Fatal(err)
	}
	return *got
}

func size(tb testing.TB, file *os.File) (rows, columns uint16) {
	tb.Helper()
	got, err := unix.IoctlGetWinsize(descriptor(file), unix.TIOCGWINSZ)
	if err != nil {
		tb.Fatal(err)
	}
	return got.Row, got.Col
}

func setSize(tb testing.TB, file *os.File, rows, columns uint16) {
	tb.Helper()
	wanted := &unix.Winsize{Row: rows, Col: columns}
	if err := unix.IoctlSetWinsize(descriptor(file), unix.TIOCSWINSZ, wanted); err != nil {
		tb.Fatal(err)
	}
}

// inSession starts a command as the leader of a session whose terminal is slave.
func inSession(tb testing.TB, slave *os.File, command *exec.Cmd) {
	tb.Helper()
	command.Stdin, command.Stdout, command.Stderr = slave, slave, slave
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := command.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if command.ProcessState == nil {
			command.Process.Kill()
			command.Wait()
		}
	})
}

// A screen is what somebody sees at the outer end of a terminal or pipe.
type screen struct {
	mu    sync.Mutex
	shown bytes.Buffer
	ended chan struct{}
}

func watch(file *os.File) *screen {
	s := &screen{ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		buffer := make([]byte, 64<<10)
		for {
			n, err := file.Read(buffer)
			s.mu.Lock()
			s.shown.Write(buffer[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return s
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown.String()
}

// eventually fails the test if the condition does not become true in time.
func eventually(tb testing.TB, what string, condition func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatalf("still not so after %v: %s", patience, what)
		}
	}
}
