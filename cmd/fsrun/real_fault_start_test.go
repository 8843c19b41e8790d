package main

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol/transport"
)

// TestFramesOfStartMeddledWith takes the place of a created container's socket, between it
// and the callers who start it, and tampers with each of a caller's frames.
//
// SPEC: M-DET-4
func TestFramesOfStartMeddledWith(t *testing.T) {
	f := newFrames(t, "start", harness.Args(markArgs...))
	f.before = func() { f.create() }
	f.around = func(m meddling) (end func()) { return m.atTheSocket(f.t, filepath.Join(f.StateRoot, f.ID, "start")) }
	f.run()
}

// atTheSocket takes the place of a socket and tampers with the first connection. Later ones
// wait, because the child serves one at a time. It is over once end returns.
func (m meddling) atTheSocket(t *testing.T, name string) (end func()) {
	t.Helper()
	behind := filepath.Join(harness.Directory(t), "start")
	must(t, os.Rename(name, behind))
	listener, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	must(t, unix.Bind(listener, &unix.SockaddrUnix{Name: name}))
	must(t, unix.Listen(listener, 8))
	var all sync.WaitGroup
	all.Go(func() {
		caller, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
		if err != nil {
			return // nobody came
		}
		child, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
		if err == nil {
			err = unix.Connect(child, &unix.SockaddrUnix{Name: behind})
		}
		if err != nil {
			t.Error(err)
			return
		}
		ends := [2]*transport.Socket{}
		for i, socket := range []int{caller, child} {
			if ends[i], err = transport.NewSocket(socket); err != nil {
				t.Error(err)
				return
			}
			defer ends[i].Close()
		}
		var both sync.WaitGroup
		both.Go(func() { m.carry(callerSide, ends[0], child) })
		both.Go(func() { m.carry(childSide, ends[1], caller) })
		both.Wait()
	})
	return func() {
		_ = unix.Shutdown(listener, unix.SHUT_RDWR)
		all.Wait()
		unix.Close(listener)
	}
}

// If a caller's Start was damaged on the way, the created container is not running: it can
// be deleted, and its program was not executed.
func TestStartDamagedIsNotRunning(t *testing.T) {
	marks := harness.Directory(t)
	c := created(t, harness.Args(markArgs...), mark(marks))
	end := meddling{callerSide, 1, "malformed"}.atTheSocket(t, filepath.Join(c.StateRoot, c.ID, "start"))
	defer end()
	if err := parent.Start(c.StateRoot, c.ID, parent.Handshake{}); err == nil {
		t.Error("start succeeds")
	}
	waitForStatus(c, state.Stopped)
	if marked(marks) {
		t.Error("the program was executed")
	}
}
