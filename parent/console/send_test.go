package console

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestSendDeliversMasterAndName(t *testing.T) {
	directory := t.TempDir()
	long := filepath.Join(directory, strings.Repeat("d", 120), strings.Repeat("e", 120))
	if err := os.MkdirAll(long, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(long, "socket"), filepath.Join(directory, "link")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, bound, sentTo, payload string }{
		{"short path", filepath.Join(directory, "s"), filepath.Join(directory, "s"), "/dev/ptmx"},
		{"path beyond an address", filepath.Join(long, "socket"), filepath.Join(long, "socket"), "/dev/pts/7"},
		{"symbolic link", filepath.Join(long, "socket"), filepath.Join(directory, "link"), "x"},
		{"longest name", filepath.Join(directory, "n"), filepath.Join(directory, "n"), strings.Repeat("n", MaxName)},
	} {
		t.Run(c.name, func(t *testing.T) {
			master, slave := openPTY(t)
			listener := listen(t, c.bound, unix.SOCK_STREAM, 8)
			if err := Send(c.sentTo, descriptor(master), c.payload); err != nil {
				t.Fatal(err)
			}
			received, payload := receive(t, listener)
			if payload != c.payload {
				t.Errorf("received the name %.40q, want %.40q", payload, c.payload)
			}
			if _, err := slave.WriteString("through the slave"); err != nil {
				t.Fatal(err)
			}
			var text [64]byte
			n, err := received.Read(text[:])
			if got := string(text[:n]); err != nil || got != "through the slave" {
				t.Errorf("the descriptor received reads %q, %v", got, err)
			}
		})
	}
}

// TestConnectToAListenerThatAcceptsNobody: its queue is full.
func TestConnectToAListenerThatAcceptsNobody(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	listen(t, path, unix.SOCK_STREAM, 0)
	for i, want := range []error{nil, os.ErrDeadlineExceeded} {
		connection, err := connect(path, time.Now().Add(50*time.Millisecond))
		if !errors.Is(err, want) {
			t.Errorf("connection %d: %v, want %v", i, err, want)
		}
		if err == nil {
			defer unix.Close(connection)
		}
	}
}

func TestSendRefuses(t *testing.T) {
	directory := t.TempDir()
	path := func(name string) string { return filepath.Join(directory, name) }
	if err := os.WriteFile(path("file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	listen(t, path("datagram"), unix.SOCK_DGRAM, 0)
	listen(t, path("listening"), unix.SOCK_STREAM, 8)
	abandoned := listen(t, path("abandoned"), unix.SOCK_STREAM, 8)
	unix.Shutdown(abandoned, unix.SHUT_RDWR)

	master, slave := openPTY(t)
	for _, c := range []struct {
		name, path string
		fd         int
		payload    string
		text       string
		is         error
	}{
		{"missing", path("missing"), descriptor(master), "n", "no such file", fs.ErrNotExist},
		{"beneath a file", path("file/socket"), descriptor(master), "n", "not a directory", unix.ENOTDIR},
		{"regular file", path("file"), descriptor(master), "n", "it is not a socket", nil},
		{"directory", directory, descriptor(master), "n", "it is not a socket", nil},
		{"datagram socket", path("datagram"), descriptor(master), "n", "it is not a stream socket", unix.EPROTOTYPE},
		{"no listener", path("abandoned"), descriptor(master), "n", "nobody listens on it", unix.ECONNREFUSED},
		{"path beyond PATH_MAX", "/" + strings.Repeat("p/", 4096), descriptor(master), "n", "file name too long", unix.ENAMETOOLONG},
		{"empty path", "", descriptor(master), "n", "no such file", fs.ErrNotExist},
		{"slave", path("listening"), descriptor(slave), "n", "not the master of a pseudoterminal", nil},
		{"closed descriptor", path("listening"), 1 << 20, "n", "bad file descriptor", unix.EBADF},
		{"no name", path("listening"), descriptor(master), "", "a name of 0 bytes: allowed are 1 to 4095", nil},
		{"overlong name", path("listening"), descriptor(master), strings.Repeat("n", MaxName+1), "a name of 4096 bytes", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Send(c.path, c.fd, c.payload)
			if err == nil || !strings.Contains(err.Error(), c.text) {
				t.Fatalf("got %v, want an error with %q", err, c.text)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("%v is not %v", err, c.is)
			}
		})
	}
}

func TestSendGivesUpOnBusyListener(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	listen(t, path, unix.SOCK_STREAM, 0)
	master, _ := openPTY(t)

	const wait = 100 * time.Millisecond
	var err error
	began := time.Now()
	for range 3 { // a backlog of 0 still accepts one connection
		if err = send(path, descriptor(master), "n", time.Now().Add(wait)); err != nil {
			break
		}
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got %v, want %v", err, os.ErrDeadlineExceeded)
	}
	if took := time.Since(began); took < wait/2 || took > patience { // the kernel counts in ticks
		t.Errorf("gave up after %v", took)
	}
}

func listen(t *testing.T, path string, kind, backlog int) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd); os.Remove(path) })
	// As with Send, a long path does not fit into an address.
	parent, err := unix.Open(filepath.Dir(path), unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(parent)
	address := &unix.SockaddrUnix{Name: fdPath(parent) + "/" + filepath.Base(path)}
	if err := unix.Bind(fd, address); err != nil {
		t.Fatal(err)
	}
	if kind == unix.SOCK_STREAM {
		if err := unix.Listen(fd, backlog); err != nil {
			t.Fatal(err)
		}
	}
	return fd
}

func receive(t *testing.T, listener int) (*os.File, string) {
	t.Helper()
	connection, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(connection)
	payload := make([]byte, MaxName+1)
	control := make([]byte, unix.CmsgSpace(4*8))
	n, controlled, _, _, err := unix.Recvmsg(connection, payload, control, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	messages, err := unix.ParseSocketControlMessage(control[:controlled])
	if err != nil || len(messages) != 1 {
		t.Fatalf("%d control messages, %v", len(messages), err)
	}
	descriptors, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(descriptors) != 1 {
		t.Fatalf("%d descriptors, %v", len(descriptors), err)
	}
	file := os.NewFile(uintptr(descriptors[0]), "received")
	t.Cleanup(func() { file.Close() })
	return file, string(payload[:n])
}
