package engine

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Terminal is a command that runs in a terminal, in place of a person.
type Terminal struct {
	t       testing.TB
	master  *os.File
	command *exec.Cmd
	screen  strings.Builder
	seen    int // how much of the output Expect has consumed
}

// OpenTerminal runs a command in a terminal of this size.
func OpenTerminal(t testing.TB, rows, columns uint16, arguments ...string) *Terminal {
	t.Helper()
	master, name, err := openPair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	slave, err := os.OpenFile(name, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	terminal := &Terminal{t: t, master: master, command: exec.Command(arguments[0], arguments[1:]...)}
	terminal.Resize(rows, columns)
	terminal.command.Stdin, terminal.command.Stdout, terminal.command.Stderr = slave, slave, slave
	terminal.command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := terminal.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if terminal.command.ProcessState == nil {
			terminal.command.Process.Kill()
			terminal.command.Wait()
		}
	})
	if err := master.SetReadDeadline(time.Now().Add(commandTime)); err != nil {
		t.Fatal(err)
	}
	return terminal
}

// openPair returns a master and the path of its slave (pty(7)).
func openPair() (*os.File, string, error) {
	descriptor, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, "", fmt.Errorf("open /dev/ptmx: %w", err)
	}
	master := os.NewFile(uintptr(descriptor), "/dev/ptmx")
	if err := unix.IoctlSetPointerInt(descriptor, unix.TIOCSPTLCK, 0); err != nil {
		return nil, "", fmt.Errorf("unlock the terminal: %w", err)
	}
	number, err := unix.IoctlGetUint32(descriptor, unix.TIOCGPTN)
	return master, fmt.Sprintf("/dev/pts/%d", number), err
}

// Resize changes the terminal's size.
func (p *Terminal) Resize(rows, columns uint16) {
	p.t.Helper()
	connection, err := p.master.SyscallConn()
	if err != nil {
		p.t.Fatal(err)
	}
	controlError := connection.Control(func(descriptor uintptr) {
		err = unix.IoctlSetWinsize(int(descriptor), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns})
	})
	if controlError != nil || err != nil {
		p.t.Fatal(controlError, err)
	}
}

// Type writes what a person would type.
func (p *Terminal) Type(text string) {
	p.t.Helper()
	if _, err := p.master.WriteString(text); err != nil {
		p.t.Fatal(err)
	}
}

// Expect waits until a text appears in the output, after what was expected before.
func (p *Terminal) Expect(text string) {
	p.t.Helper()
	buffer := make([]byte, 4096)
	for {
		if at := strings.Index(p.screen.String()[p.seen:], text); at >= 0 {
			p.seen += at + len(text)
			return
		}
		count, err := p.master.Read(buffer)
		p.screen.Write(buffer[:count])
		if err != nil {
			p.t.Fatalf("the terminal never showed %q: %v; it shows:\n%s", text, err, p.screen.String())
		}
	}
}

// Status waits for the command to end and returns its status.
func (p *Terminal) Status() int {
	p.t.Helper()
	// The master returns EIO once nobody has the slave open.
	rest, err := io.ReadAll(p.master)
	p.screen.Write(rest)
	if os.IsTimeout(err) {
		p.t.Fatalf("the command in the terminal does not end; it shows:\n%s", p.screen.String())
	}
	if err := p.command.Wait(); p.command.ProcessState == nil {
		p.t.Fatal(err)
	}
	return p.command.ProcessState.ExitCode()
}
