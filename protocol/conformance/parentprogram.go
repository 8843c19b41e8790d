package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/transport"
)

// ParentProgram is a parent, given as a command that starts one container whose plan asks
// for nothing, with a stub as its child. The stub is a program that calls IsStub and
// StubMain. It finds the kit in the command's working directory, which the parent must not
// change for its child.
//
// In each command, {case} stands for a name unique to the case.
type ParentProgram struct {
	Command []string
	// Silent is the command with short deadlines, Mapped the one that makes a user
	// namespace. Cases that need a nil one are skipped.
	Silent, Mapped []string
}

// Plays reports whether there is a command for the case.
func (s ParentProgram) Plays(c *Case) bool { return s.command(c) != nil }

func (s ParentProgram) command(c *Case) []string {
	switch {
	case c.Silent && c.Mapped:
		return nil
	case c.Silent:
		return s.Silent
	case c.Mapped:
		return s.Mapped
	}
	return s.Command
}

const scratchPrefix = "fsrun-conformance-"

// Begin implements Subject.
func (s ParentProgram) Begin(c *Case) (Session, error) {
	directory, err := os.MkdirTemp("", scratchPrefix)
	if err != nil {
		return nil, err
	}
	p := &parentProcess{directory: directory, kit: -1, ended: make(chan struct{})}
	var command []string
	for _, word := range s.command(c) {
		command = append(command, strings.ReplaceAll(word, "{case}", strings.TrimPrefix(filepath.Base(directory), scratchPrefix)))
	}
	if err := p.begin(command); err != nil {
		p.Abandon()
		return nil, err
	}
	return p, nil
}

// parentProcess is a session with a parent in a process of its own.
type parentProcess struct {
	directory string
	command   *exec.Cmd // nil until started
	ended     chan struct{}
	said      bytes.Buffer      // complete once the process has ended
	kit       int               // connection to the stub
	channel   *transport.Socket // the child's end; nil once closed
}

func (p *parentProcess) begin(command []string) error {
	listener, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(listener)
	address := filepath.Join(p.directory, stubSocket)
	if err := errors.Join(
		unix.Bind(listener, &unix.SockaddrUnix{Name: address}), unix.Listen(listener, 1),
		// In a user namespace, the stub may be another user.
		os.Chmod(p.directory, 0o777), os.Chmod(address, 0o777),
	); err != nil {
		return err
	}
	started := exec.Command(command[0], command[1:]...)
	started.Dir = p.directory
	started.Stderr = &p.said
	if err := started.Start(); err != nil {
		return err
	}
	p.command = started
	go func() {
		_ = started.Wait()
		close(p.ended)
	}()
	return p.meet(listener)
}

// meet waits for the stub and takes over its end of the socket.
func (p *parentProcess) meet(listener int) error {
	if err := unix.SetsockoptTimeval(listener, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 100_000}); err != nil {
		return err
	}
	for deadline := time.Now().Add(DefaultPatience); p.kit < 0; {
		kit, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
		select {
		case <-p.ended:
			return fmt.Errorf("the parent ends without starting a stub: %s", p.said.Bytes())
		default:
		}
		switch {
		case err == nil:
			p.kit = kit
		case !errors.Is(err, unix.EINTR) && !errors.Is(err, unix.EAGAIN), time.Now().After(deadline):
			return fmt.Errorf("the parent starts no stub: %w", err)
		}
	}
	data, control := make([]byte, 1), make([]byte, unix.CmsgSpace(4))
	_, size, _, _, err := unix.Recvmsg(p.kit, data, control, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return err
	}
	messages, err := unix.ParseSocketControlMessage(control[:size])
	if err != nil || len(messages) != 1 {
		return fmt.Errorf("the stub sends no socket: %w", err)
	}
	ends, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(ends) != 1 {
		return fmt.Errorf("the stub sends no socket: %w", err)
	}
	if p.channel, err = transport.NewSocket(ends[0]); err != nil {
		return err
	}
	if data[0] == stubNoSession {
		return errors.New("the child does not lead a session of its own (M-TRAN-12)")
	}
	return nil
}

func (p *parentProcess) Send(data []byte, descriptors int, _ protocol.Kind) error {
	var sent []int
	for range descriptors {
		descriptor, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(descriptor)
		sent = append(sent, descriptor)
	}
	return p.channel.Send(data, sent)
}

func (p *parentProcess) Receive(wait time.Duration) ([]byte, int, error) {
	if p.channel == nil {
		return nil, 0, io.EOF
	}
	data, descriptors, err := p.channel.Receive(wait)
	p.channel.Discard(descriptors)
	return data, len(descriptors), err
}

// Close closes the child's end, of which the stub holds a copy.
func (p *parentProcess) Close() { p.tell(stubCloses) }

func (p *parentProcess) tell(what byte) {
	if p.channel != nil {
		p.channel.Close()
		p.channel = nil
	}
	if p.kit >= 0 {
		_, _ = unix.Write(p.kit, []byte{what}) // a stub that is gone has closed its copy
	}
}

func (p *parentProcess) Connect() error { return errors.New("a child connects to nobody") }

func (p *parentProcess) Do(what string) error {
	p.tell(map[string]byte{"executes": stubExecutes, "dies": stubDies}[what])
	return nil
}

func (p *parentProcess) End(wait time.Duration) (Outcome, error) {
	select {
	case <-p.ended:
	case <-time.After(wait):
		return "", fmt.Errorf("it has not ended within %s", wait)
	}
	if p.command.ProcessState.Success() {
		return Succeeds, nil
	}
	return Fails, nil
}

func (p *parentProcess) Abandon() {
	if p.channel != nil {
		p.channel.Close()
	}
	if p.kit >= 0 {
		unix.Close(p.kit) // this ends the stub
	}
	if p.command != nil {
		select {
		case <-p.ended:
		case <-time.After(DefaultPatience):
			_ = p.command.Process.Kill()
			<-p.ended
		}
	}
	os.RemoveAll(p.directory)
}
