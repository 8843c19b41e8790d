package harness

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ConsoleSocket is a socket that receives the master of a terminal, like an engine's.
type ConsoleSocket struct {
	t        testing.TB
	Path     string
	listener int
}

// ListenConsole makes one.
func ListenConsole(t testing.TB) *ConsoleSocket {
	t.Helper()
	directory, err := os.MkdirTemp("", "console") // short enough for a socket address
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(directory) })
	c := &ConsoleSocket{t: t, Path: filepath.Join(directory, "socket")}
	c.listener, err = unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	t.Cleanup(func() { unix.Close(c.listener) })
	must(t, unix.Bind(c.listener, &unix.SockaddrUnix{Name: c.Path}))
	must(t, unix.Listen(c.listener, 1))
	return c
}

// Master receives the master of the terminal.
func (c *ConsoleSocket) Master() *os.File {
	c.t.Helper()
	limit := unix.NsecToTimeval(int64(10 * time.Second))
	must(c.t, unix.SetsockoptTimeval(c.listener, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit))
	connection, _, err := unix.Accept4(c.listener, unix.SOCK_CLOEXEC)
	must(c.t, err)
	defer unix.Close(connection)
	data, control := make([]byte, 128), make([]byte, unix.CmsgSpace(4))
	_, size, _, _, err := unix.Recvmsg(connection, data, control, unix.MSG_CMSG_CLOEXEC)
	must(c.t, err)
	messages, err := unix.ParseSocketControlMessage(control[:size])
	must(c.t, err)
	if len(messages) != 1 {
		c.t.Fatalf("%d control messages came with the master", len(messages))
	}
	descriptors, err := unix.ParseUnixRights(&messages[0])
	must(c.t, err)
	must(c.t, unix.SetNonblock(descriptors[0], true))
	master := os.NewFile(uintptr(descriptors[0]), "master")
	c.t.Cleanup(func() { master.Close() })
	must(c.t, master.SetReadDeadline(time.Now().Add(10*time.Second)))
	return master
}
