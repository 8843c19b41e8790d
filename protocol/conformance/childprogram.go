package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/transport"
)

// ChildProgram is a child in a program of its own. The kit executes it as SPEC.md says, in
// the kit's own namespaces.
type ChildProgram struct {
	Path string
	Env  []string
}

// Begin implements Subject.
func (s ChildProgram) Begin(*Case) (Session, error) {
	ours, theirs, err := transport.Connected()
	if err != nil {
		return nil, err
	}
	inherited := os.NewFile(uintptr(theirs), "child")
	defer inherited.Close()
	channel, err := transport.NewSocket(ours)
	if err != nil {
		unix.Close(ours)
		return nil, err
	}
	c := &childProcess{channel: channel, ended: make(chan struct{})}
	c.command = exec.Command(s.Path)
	c.command.Args = []string{protocol.ChildName, "3"}
	c.command.Env = s.Env
	c.command.ExtraFiles = []*os.File{inherited}
	c.command.Stdout = &c.output
	c.command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if c.directory, err = os.MkdirTemp("", scratchPrefix); err != nil {
		channel.Close()
		return nil, err
	}
	if err := c.command.Start(); err != nil {
		channel.Close()
		os.RemoveAll(c.directory)
		return nil, err
	}
	go func() {
		_ = c.command.Wait()
		close(c.ended)
	}()
	return c, nil
}

// childProcess is a session with a child in a process of its own.
type childProcess struct {
	channel   *transport.Socket // nil once closed
	command   *exec.Cmd
	output    bytes.Buffer // complete once the process has ended
	ended     chan struct{}
	directory string // holds the listening socket
	kept      []int  // received descriptors, kept open because a terminal hangs up when its master is closed
}

func (c *childProcess) Send(data []byte, descriptors int, kind protocol.Kind) error {
	var sent []int
	for range descriptors {
		descriptor, err := c.descriptor(kind)
		if err != nil {
			return err
		}
		defer unix.Close(descriptor)
		sent = append(sent, descriptor)
	}
	return c.channel.Send(data, sent)
}

// descriptor returns one that suits the kind: the listening socket or a namespace.
func (c *childProcess) descriptor(kind protocol.Kind) (int, error) {
	if kind != protocol.KindDetach {
		return unix.Open("/proc/self/ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	}
	socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err := unix.Bind(socket, &unix.SockaddrUnix{Name: c.address()}); err != nil {
		return socket, nil // a second descriptor, which the child must not accept
	}
	return socket, unix.Listen(socket, 8)
}

func (c *childProcess) address() string { return filepath.Join(c.directory, "start") }

func (c *childProcess) Receive(wait time.Duration) ([]byte, int, error) {
	if c.channel == nil {
		return nil, 0, io.EOF
	}
	data, descriptors, err := c.channel.Receive(wait)
	c.kept = append(c.kept, descriptors...)
	return data, len(descriptors), err
}

func (c *childProcess) Close() {
	if c.channel != nil {
		c.channel.Close()
		c.channel = nil
	}
}

func (c *childProcess) Connect() error {
	c.Close()
	socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	if err := unix.Connect(socket, &unix.SockaddrUnix{Name: c.address()}); err != nil {
		unix.Close(socket)
		return fmt.Errorf("connect to the detached child: %w", err)
	}
	c.channel, err = transport.NewSocket(socket)
	return err
}

func (c *childProcess) Do(what string) error {
	return fmt.Errorf("a parent does not do %q", what)
}

func (c *childProcess) End(wait time.Duration) (Outcome, error) {
	select {
	case <-c.ended:
	case <-time.After(wait):
		return "", fmt.Errorf("it has not ended within %s", wait)
	}
	if bytes.Contains(c.output.Bytes(), []byte(mark)) {
		return Executes, nil
	}
	return Ends, nil
}

func (c *childProcess) Abandon() {
	c.Close()
	for _, descriptor := range c.kept {
		unix.Close(descriptor)
	}
	if err := c.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return
	}
	<-c.ended
	os.RemoveAll(c.directory)
}
