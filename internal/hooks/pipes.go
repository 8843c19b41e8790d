package hooks

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// pipe makes a pipe of which one end is ours, with deadlines, and the other the hook's,
// which must block as programs expect.
func pipe(ours int) (ends [2]*os.File, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return ends, os.NewSyscallError("pipe2", err)
	}
	if err := unix.SetNonblock(fds[ours], true); err != nil {
		unix.Close(fds[0])
		unix.Close(fds[1])
		return ends, os.NewSyscallError("fcntl", err)
	}
	return [2]*os.File{os.NewFile(uintptr(fds[0]), "hook pipe"), os.NewFile(uintptr(fds[1]), "hook pipe")}, nil
}

// feed writes the state to a hook that may or may not read it.
type feed struct {
	read, write *os.File
	state       []byte
	done        chan struct{}
}

func newFeed(state []byte) (*feed, error) {
	ends, err := pipe(1)
	if err != nil {
		return nil, err
	}
	return &feed{read: ends[0], write: ends[1], state: state}, nil
}

// start writes in the background, because a state larger than the pipe blocks until the
// hook reads. If a hook exits first the write fails, which is ignored; Go raises no SIGPIPE
// for descriptors above 2.
func (f *feed) start() {
	f.done = make(chan struct{})
	go func() {
		defer close(f.done)
		f.write.Write(f.state)
		f.write.Close()
	}()
}

// close ends a write that nobody reads, and waits for the writer.
func (f *feed) close() {
	f.read.Close()
	f.write.Close()
	if f.done != nil {
		<-f.done
	}
}

// tail keeps the last MaxStderr bytes of what a hook writes.
type tail struct {
	read, write *os.File
	kept        []byte
	done        chan struct{}
}

func newTail() (*tail, error) {
	ends, err := pipe(0)
	if err != nil {
		return nil, err
	}
	return &tail{read: ends[0], write: ends[1]}, nil
}

func (t *tail) start() {
	t.done = make(chan struct{})
	go func() {
		defer close(t.done)
		buffer := make([]byte, 2*MaxStderr)
		for {
			n, err := t.read.Read(buffer)
			t.kept = append(t.kept, buffer[:n]...)
			if excess := len(t.kept) - MaxStderr; excess > 0 {
				t.kept = append(t.kept[:0], t.kept[excess:]...)
			}
			if err != nil {
				return
			}
		}
	}()
}

// finish returns what was kept once the pipe has ended or drainTime has passed.
func (t *tail) finish() string {
	// A pipe always supports deadlines; if it did not, close would end the reader.
	if t.read.SetReadDeadline(time.Now().Add(drainTime)) != nil {
		t.read.Close()
	}
	<-t.done
	return string(t.kept)
}

func (t *tail) close() {
	t.read.Close()
	t.write.Close()
}
