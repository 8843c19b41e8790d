package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol/machine"
)

// The parts used here of the protocol between the kernel and a file system's server
// (linux/fuse.h).
const (
	fuseHeader    = 40 // of a request: length, operation at 4, number at 8
	fuseGetattr   = 3
	fuseInit      = 26
	fuseMajor     = 7
	fuseMinor     = 31
	fuseInitReply = 64
	fuseAttrReply = 104
	fuseAttrAt    = 16 // after the time for which they are valid
	fuseModeAt    = fuseAttrAt + 60
)

// hungServer serves a file system. It says what the root is and answers nothing else, like
// a network file system whose server is gone. Whoever looks something up there is in
// uninterruptible sleep until release.
type hungServer struct {
	directory string
	device    int

	mutex    sync.Mutex
	pending  [][]byte // numbers of requests
	released bool
}

func newHungServer(t *testing.T) *hungServer {
	t.Helper()
	harness.Need(t, harness.Root)
	harness.NativeOnly(t, "the guest's kernel has FUSE in a module")
	device, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("native only: no file systems with servers here: open /dev/fuse: %v", err)
	}
	s := &hungServer{directory: harness.Directory(t), device: device}
	must(t, unix.Mount("hung", s.directory, "fuse", 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device)))
	served := make(chan struct{})
	go func() {
		defer close(served)
		s.serve()
	}()
	t.Cleanup(func() {
		must(t, unix.Unmount(s.directory, unix.MNT_FORCE|unix.MNT_DETACH)) // ends serve
		<-served
		unix.Close(device)
	})
	return s
}

// serve says what the root is, until the file system is unmounted.
func (s *hungServer) serve() {
	request := make([]byte, 64<<10)
	for {
		n, err := unix.Read(s.device, request)
		if errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN) {
			continue
		}
		if err != nil || n < fuseHeader {
			return
		}
		number := bytes.Clone(request[8:16])
		switch binary.NativeEndian.Uint32(request[4:]) {
		case fuseInit:
			body := make([]byte, fuseInitReply)
			binary.NativeEndian.PutUint32(body, fuseMajor)
			binary.NativeEndian.PutUint32(body[4:], fuseMinor)
			s.reply(number, 0, body)
		case fuseGetattr:
			body := make([]byte, fuseAttrReply)
			binary.NativeEndian.PutUint64(body[fuseAttrAt:], 1) // the root's number
			binary.NativeEndian.PutUint32(body[fuseModeAt:], unix.S_IFDIR|0o755)
			s.reply(number, 0, body)
		default:
			s.mutex.Lock()
			s.pending = append(s.pending, number)
			if s.released {
				s.refuse()
			}
			s.mutex.Unlock()
		}
	}
}

func (s *hungServer) reply(number []byte, errno unix.Errno, body []byte) {
	reply := make([]byte, 16, 16+len(body))
	binary.NativeEndian.PutUint32(reply, uint32(16+len(body)))
	binary.NativeEndian.PutUint32(reply[4:], uint32(-int32(errno)))
	copy(reply[8:], number)
	_, _ = unix.Write(s.device, append(reply, body...)) // the kernel may no longer be waiting
}

// refuse answers all pending requests: no such file.
func (s *hungServer) refuse() {
	for _, number := range s.pending {
		s.reply(number, unix.ENOENT, nil)
	}
	s.pending = nil
}

// asked reports whether somebody waits for an answer.
func (s *hungServer) asked() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return len(s.pending) > 0
}

func (s *hungServer) release() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.released = true
	s.refuse()
}

// A child that is stuck in the kernel does not end even when it is killed. Create and exec
// say so when their deadline has passed, and do not wait for it forever. What create has
// made is still on record. Delete names the process, and succeeds once the kernel lets it
// end.
//
// SPEC: M-SM-4, M-END-5
func TestStuckInTheKernel(t *testing.T) {
	soon := map[machine.State]time.Duration{parentmachine.Preparing: time.Second, parentmachine.Starting: time.Second}
	const where, when = "in the kernel at ", 25 * time.Second
	explained := func(t *testing.T, began time.Time, err error, words ...string) {
		t.Helper()
		for _, word := range append(words, where, "it is killed, and ends when the kernel lets it") {
			if err == nil || !strings.Contains(err.Error(), word) || time.Since(began) > when {
				t.Errorf("after %s: %v", time.Since(began), err)
			}
		}
	}
	t.Run("create", func(t *testing.T) {
		server := newHungServer(t)
		c := newContainer(t, harness.Args("/bin/true"), withMount(harness.Bind(server.directory, "/hung")),
			func(spec *specs.Spec) { spec.Process.Cwd = "/hung/there" })
		c.connect()
		c.Deadlines = soon
		began := time.Now()
		_, err := parent.Create(c.Options)
		explained(t, began, err, "delete the container with --force")
		began = time.Now()
		err = parent.Delete(c.StateRoot, c.ID, true)
		if err == nil || !strings.Contains(err.Error(), ", in uninterruptible sleep") || time.Since(began) > when {
			t.Errorf("delete, after %s: %v", time.Since(began), err)
		}
		server.release()
		must(t, parent.Delete(c.StateRoot, c.ID, true))
	})
	t.Run("delete without a cgroup", func(t *testing.T) {
		server := newHungServer(t)
		c := newContainer(t, harness.Shell("exec ls /hung/there"), withMount(harness.Bind(server.directory, "/hung")),
			func(spec *specs.Spec) { spec.Linux.Resources = nil })
		c.CgroupManager = parent.NoCgroup
		c.start()
		waitUntil(t, func() bool { return server.asked() })
		began := time.Now()
		err := parent.Delete(c.StateRoot, c.ID, true)
		if err == nil || !strings.Contains(err.Error(), "does not end") || time.Since(began) > when {
			t.Errorf("delete, after %s: %v", time.Since(began), err)
		}
		server.release()
		must(t, parent.Delete(c.StateRoot, c.ID, true))
	})
	t.Run("exec", func(t *testing.T) {
		server := newHungServer(t)
		c := newContainer(t, harness.Args("/bin/sleep", "1000"), withMount(harness.Bind(server.directory, "/hung")))
		c.start()
		began := time.Now()
		_, err := parent.Exec(parent.ExecOptions{StateRoot: c.StateRoot, ID: c.ID, Handshake: parent.Handshake{Deadlines: soon},
			Process: &specs.Process{Args: []string{"/bin/true"}, Cwd: "/hung/there"}})
		explained(t, began, err)
		equal(t, "status", state.Running, c.status())
		server.release()
		must(t, parent.Delete(c.StateRoot, c.ID, true))
	})
}
