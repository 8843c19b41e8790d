package transport

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
)

// TestDescriptorsAreTheFilesSent: and they are close-on-exec.
//
// SPEC: M-TRAN-3
func TestDescriptorsAreTheFilesSent(t *testing.T) {
	ours, theirs := sockets(t, soon)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	send(t, ours, []byte{1}, int(write.Fd()))
	write.Close()
	_, descriptors, err := theirs.Receive(never)
	if err != nil {
		t.Fatal(err)
	}
	if len(descriptors) != 1 {
		t.Fatalf("descriptors %v, want one", descriptors)
	}
	flags, err := unix.FcntlInt(uintptr(descriptors[0]), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("flags %x, %v; want close-on-exec", flags, err)
	}
	if _, err := unix.Write(descriptors[0], []byte("through the pipe")); err != nil {
		t.Fatal(err)
	}
	theirs.Discard(descriptors)
	content, err := io.ReadAll(read) // EOF: Discard closed the last writer
	if err != nil || string(content) != "through the pipe" {
		t.Errorf("%q, %v", content, err)
	}
}

// SPEC: M-TRAN-3
func TestRefusesOtherControlMessages(t *testing.T) {
	ours, theirs := sockets(t, soon)
	file, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	withCredentials(t, ours, theirs, int(file.Fd()))
	receiveAfter(t, ours, theirs)
}

func receiveAfter(t *testing.T, ours, theirs *Socket) {
	t.Helper()
	send(t, ours, []byte{7})
	receive(t, theirs, []byte{7}, 0)
}

// TestLargestFrameNeedsNoSocketOption sends it over a socket with the kernel's defaults,
// which a peer other than fsrun may use.
func TestLargestFrameNeedsNoSocketOption(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := owned(t, pair[0], soon), owned(t, pair[1], soon)
	size, err := unix.GetsockoptInt(pair[0], unix.SOL_SOCKET, unix.SO_SNDBUF)
	if err != nil {
		t.Fatal(err)
	}
	if size < protocol.MaxFrame {
		t.Skipf("net.core.wmem_default is lowered to %d; MaxFrame asks for the kernel's own default", size)
	}
	largest := bytes.Repeat([]byte{0x5a}, protocol.MaxFrame)
	send(t, ours, largest)
	receive(t, theirs, largest, 0)
}

// TestConnected: nobody else can name the socket, and it preserves frame boundaries.
//
// SPEC: M-TRAN-1
func TestConnected(t *testing.T) {
	ours, theirs, err := Connected()
	if err != nil {
		t.Fatal(err)
	}
	for _, descriptor := range []int{ours, theirs} {
		defer unix.Close(descriptor)
		for option, want := range map[int]int{unix.SO_DOMAIN: unix.AF_UNIX, unix.SO_TYPE: unix.SOCK_SEQPACKET} {
			if got, err := unix.GetsockoptInt(descriptor, unix.SOL_SOCKET, option); err != nil || got != want {
				t.Errorf("option %d is %d, %v; want %d", option, got, err, want)
			}
		}
		for name, of := range map[string]func(int) (unix.Sockaddr, error){"own": unix.Getsockname, "peer": unix.Getpeername} {
			address, err := of(descriptor)
			// The library shows an address of zero bytes as "@", an abstract name of none,
			// which nobody can have: bind(2) makes up another one.
			if unnamed, is := address.(*unix.SockaddrUnix); err != nil || !is || unnamed.Name != "@" && unnamed.Name != "" {
				t.Errorf("%s address is %#v, %v; want an unnamed one", name, address, err)
			}
		}
	}
}

// TestConnectedHoldsTheLargestFrame: whatever the default buffer size is.
//
// SPEC: M-TRAN-8
func TestConnectedHoldsTheLargestFrame(t *testing.T) {
	ours, _ := sockets(t, soon)
	size, err := unix.GetsockoptInt(ours.Descriptor(), unix.SOL_SOCKET, unix.SO_SNDBUF)
	if err != nil || size < protocol.MaxFrame+4096 {
		t.Errorf("a buffer of %d bytes, %v", size, err)
	}
}

// TestEmptyMessageIsEOF: no frame is empty, and recvmsg(2) could not tell the difference.
//
// SPEC: M-TRAN-2
func TestEmptyMessageIsEOF(t *testing.T) {
	ours, theirs := sockets(t, soon)
	if err := unix.Sendmsg(ours.descriptor, nil, nil, nil, 0); err != nil {
		t.Fatal(err)
	}
	closedIsEOFNow(t, theirs)
}

// interrupted makes a call on a thread of its own while that receives signals much more
// often than the call's deadline.
func interrupted(t *testing.T, call func()) (signals int) {
	t.Helper()
	thread := make(chan int)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		thread <- unix.Gettid()
		call()
	}()
	id := <-thread
	deadline := time.After(never)
	for {
		select {
		case <-done:
			return signals
		case <-deadline:
			t.Fatalf("not back after %s and %d signals", never, signals)
		case <-time.After(2 * time.Millisecond):
			// SIGURG: the Go runtime takes it for a preemption request and ignores it.
			if err := unix.Tgkill(unix.Getpid(), id, unix.SIGURG); err == nil {
				signals++
			}
		}
	}
}

// SPEC: M-TRAN-9
func TestSignalsDoNotPutOffADeadline(t *testing.T) {
	ours, _ := sockets(t, soon)
	const wait = 500 * time.Millisecond
	var err error
	var took time.Duration
	signals := interrupted(t, func() {
		start := time.Now()
		_, _, err = ours.Receive(wait)
		took = time.Since(start)
	})
	if !errors.Is(err, os.ErrDeadlineExceeded) || took < wait/2 || took > never/2 { // as in deadlinePasses
		t.Errorf("%v after %s and %d signals, want the deadline after %s", err, took, signals, wait)
	}
	if signals < 5 {
		t.Errorf("only %d signals were sent", signals)
	}
}

// SPEC: M-TRAN-9
func TestSignalsDoNotInterruptWaiting(t *testing.T) {
	for _, wait := range []time.Duration{0, never} {
		ours, theirs := sockets(t, soon)
		time.AfterFunc(300*time.Millisecond, func() { theirs.Send([]byte{1}, nil) })
		var data []byte
		var err error
		signals := interrupted(t, func() { data, _, err = ours.Receive(wait) })
		if err != nil || !bytes.Equal(data, []byte{1}) || signals < 5 {
			t.Errorf("wait %s: %x, %v after %d signals", wait, data, err, signals)
		}
	}
}

// SPEC: M-TRAN-9
func TestSignalsDoNotPutOffSending(t *testing.T) {
	ours, _ := sockets(t, 500*time.Millisecond)
	var err error
	signals := interrupted(t, func() {
		for range 1000 {
			if err = ours.Send(make([]byte, 64<<10), nil); err != nil {
				return
			}
		}
	})
	if err == nil || !strings.Contains(err.Error(), "left frames unread for 500ms") || signals < 5 {
		t.Errorf("%v after %d signals", err, signals)
	}
}

// TestEarlierOwnersTimeoutsAreForgotten: options stay with the socket when its descriptor
// changes hands.
func TestEarlierOwnersTimeoutsAreForgotten(t *testing.T) {
	ours, theirs := sockets(t, soon)
	if _, _, err := ours.Receive(time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	again, err := newSocket(ours.descriptor, soon)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(soon, func() { theirs.Send([]byte{1}, nil) })
	if data, _, err := again.Receive(0); err != nil || !bytes.Equal(data, []byte{1}) {
		t.Errorf("%x, %v", data, err)
	}
}

func TestNotASocket(t *testing.T) {
	file, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if socket, err := NewSocket(int(file.Fd())); !errors.Is(err, unix.ENOTSOCK) {
		t.Errorf("%v, %v; want ENOTSOCK", socket, err)
	}
}

func TestSendNamesWhatTheKernelRefuses(t *testing.T) {
	ours, _ := sockets(t, soon)
	if err := ours.Send([]byte{1}, []int{-1}); !errors.Is(err, unix.EBADF) {
		t.Errorf("%v; want EBADF", err)
	}
	if err := ours.Send(make([]byte, 64<<20), nil); !errors.Is(err, unix.EMSGSIZE) {
		t.Errorf("%v; want EMSGSIZE", err)
	}
}
