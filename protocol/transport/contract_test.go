package transport

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// end is one end of a channel that can be closed.
type end interface {
	machine.Channel
	Close() error
}

// channels are the two implementations of the contract. Both have a short patience, to save
// time.
var channels = []struct {
	name string
	pair func(t *testing.T, patience time.Duration) (ours, theirs end)
	// descriptor makes something that can be sent along.
	descriptor func(t *testing.T) int
}{
	{
		"Socket",
		func(t *testing.T, patience time.Duration) (end, end) { return sockets(t, patience) },
		func(t *testing.T) int {
			file, err := os.CreateTemp(t.TempDir(), "")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { file.Close() })
			return int(file.Fd())
		},
	},
	{
		"Memory",
		func(t *testing.T, patience time.Duration) (end, end) {
			ours, theirs := Pair(4)
			ours.patience, theirs.patience = patience, patience
			return ours, theirs
		},
		func(*testing.T) int { return 77 },
	},
}

// sockets returns a connected pair that is closed with the test, unless before.
func sockets(t *testing.T, patience time.Duration) (*Socket, *Socket) {
	t.Helper()
	ours, theirs, err := Connected()
	if err != nil {
		t.Fatal(err)
	}
	return owned(t, ours, patience), owned(t, theirs, patience)
}

func owned(t *testing.T, descriptor int, patience time.Duration) *Socket {
	t.Helper()
	socket, err := newSocket(descriptor, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if socket.descriptor >= 0 {
			socket.Close()
		}
	})
	return socket
}

const (
	soon  = 50 * time.Millisecond
	never = 20 * time.Second // a test that waits so long has failed
)

// TestContract checks that both channels do what machine.Channel says.
func TestContract(t *testing.T) {
	for _, channel := range channels {
		for _, test := range []struct {
			name string
			run  func(t *testing.T, ours, theirs end, descriptor int)
		}{
			{"frames arrive whole and in order", arriveInOrder},        // SPEC: M-TRAN-2
			{"the largest frame passes", largestFramePasses},           // SPEC: M-TRAN-8
			{"descriptors travel with their frame", descriptorsTravel}, // SPEC: M-TRAN-3
			{"the sender may reuse its buffer", senderMayReuse},
			{"descriptors stay the sender's", descriptorsStay},
			{"a closed peer is EOF, each time", closedIsEOF},
			{"what was sent before closing arrives", sentBeforeClosing},
			{"frames left unread do not hide what was sent", pendingFault}, // SPEC: M-TRAN-6
			{"sending to a closed peer", sendToClosed},                     // SPEC: M-TRAN-7
			{"a passed deadline", deadlinePasses},                          // SPEC: M-DL-1
			{"a frame in time", inTime},
			{"no deadline waits", noDeadline}, // SPEC: M-DL-3
			{"EOF while waiting", closedWhileWaiting},
			{"a peer that never reads", neverReads},                    // SPEC: M-TRAN-8
			{"too long a frame is Malformed", tooLong},                 // SPEC: M-TRAN-4, M-TRAN-5
			{"too many descriptors are Malformed", tooManyDescriptors}, // SPEC: M-TRAN-4, M-TRAN-5
		} {
			t.Run(channel.name+"/"+test.name, func(t *testing.T) {
				ours, theirs := channel.pair(t, soon)
				test.run(t, ours, theirs, channel.descriptor(t))
			})
		}
	}
}

func send(t *testing.T, to end, data []byte, descriptors ...int) {
	t.Helper()
	if err := to.Send(data, descriptors); err != nil {
		t.Fatal(err)
	}
}

// receive expects a frame, and closes its descriptors.
func receive(t *testing.T, from end, want []byte, descriptors int) {
	t.Helper()
	data, got, err := from.Receive(never)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, want) || len(got) != descriptors {
		t.Errorf("received %d bytes %.32x with %d descriptors; sent were %d bytes %.32x with %d", len(data), data, len(got), len(want), want, descriptors)
	}
	from.Discard(got)
}

func closeEnd(t *testing.T, end end) {
	t.Helper()
	if err := end.Close(); err != nil {
		t.Fatal(err)
	}
	if socket, is := end.(*Socket); is {
		socket.descriptor = -1
	}
}

func arriveInOrder(t *testing.T, ours, theirs end, _ int) {
	send(t, ours, []byte{1})
	send(t, ours, []byte{2, 2})
	send(t, theirs, []byte{3})
	receive(t, theirs, []byte{1}, 0)
	receive(t, theirs, []byte{2, 2}, 0)
	receive(t, ours, []byte{3}, 0)
}

func largestFramePasses(t *testing.T, ours, theirs end, descriptor int) {
	largest := bytes.Repeat([]byte{0xa5}, protocol.MaxFrame)
	all := slices.Repeat([]int{descriptor}, protocol.MaxDescriptors)
	send(t, ours, largest, all...)
	receive(t, theirs, largest, protocol.MaxDescriptors)
}

func descriptorsTravel(t *testing.T, ours, theirs end, descriptor int) {
	send(t, ours, []byte{1})
	send(t, ours, []byte{2}, descriptor)
	send(t, ours, []byte{3}, descriptor, descriptor)
	receive(t, theirs, []byte{1}, 0)
	receive(t, theirs, []byte{2}, 1)
	receive(t, theirs, []byte{3}, 2)
}

func senderMayReuse(t *testing.T, ours, theirs end, _ int) {
	buffer := []byte{1, 2, 3}
	send(t, ours, buffer)
	clear(buffer)
	receive(t, theirs, []byte{1, 2, 3}, 0)
}

func descriptorsStay(t *testing.T, ours, theirs end, descriptor int) {
	send(t, ours, []byte{1}, descriptor)
	receive(t, theirs, []byte{1}, 1)
	send(t, ours, []byte{2}, descriptor)
	receive(t, theirs, []byte{2}, 1)
}

func closedIsEOF(t *testing.T, ours, theirs end, _ int) {
	closeEnd(t, theirs)
	for range 3 {
		if data, descriptors, err := ours.Receive(never); !errors.Is(err, io.EOF) {
			t.Fatalf("%x, %v, %v; want EOF", data, descriptors, err)
		}
	}
}

func sentBeforeClosing(t *testing.T, ours, theirs end, descriptor int) {
	send(t, theirs, []byte{1}, descriptor)
	send(t, theirs, []byte{2})
	closeEnd(t, theirs)
	receive(t, ours, []byte{1}, 1)
	receive(t, ours, []byte{2}, 0)
	closedIsEOFNow(t, ours)
}

func closedIsEOFNow(t *testing.T, ours end) {
	t.Helper()
	if _, _, err := ours.Receive(never); !errors.Is(err, io.EOF) {
		t.Errorf("%v; want EOF", err)
	}
}

// pendingFault: the peer sends its Fault and dies with our frame unread, which a socket
// reports as ECONNRESET before it delivers the Fault.
func pendingFault(t *testing.T, ours, theirs end, _ int) {
	send(t, ours, []byte{1})
	send(t, theirs, []byte{2})
	closeEnd(t, theirs)
	receive(t, ours, []byte{2}, 0)
	closedIsEOFNow(t, ours)
}

func sendToClosed(t *testing.T, ours, theirs end, descriptor int) {
	closeEnd(t, theirs)
	for range 2 {
		if err := ours.Send([]byte{1}, []int{descriptor}); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%v; want %v", err, io.ErrClosedPipe)
		}
	}
}

func deadlinePasses(t *testing.T, ours, theirs end, _ int) {
	for range 2 {
		start := time.Now()
		if _, _, err := ours.Receive(soon); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("%v; want %v", err, os.ErrDeadlineExceeded)
		}
		// The kernel counts in ticks, and on an emulated machine several may come late, at
		// once.
		if took := time.Since(start); took < soon/2 || took > never/2 {
			t.Errorf("%s instead of %s", took, soon)
		}
	}
	// The channel still works.
	send(t, theirs, []byte{1})
	receive(t, ours, []byte{1}, 0)
}

func inTime(t *testing.T, ours, theirs end, _ int) {
	time.AfterFunc(soon, func() { theirs.Send([]byte{1}, nil) })
	receive(t, ours, []byte{1}, 0)
}

func noDeadline(t *testing.T, ours, theirs end, _ int) {
	if _, _, err := ours.Receive(time.Millisecond); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	time.AfterFunc(soon, func() { theirs.Send([]byte{1}, nil) })
	data, _, err := ours.Receive(0)
	if err != nil || !bytes.Equal(data, []byte{1}) {
		t.Errorf("%x, %v", data, err)
	}
}

func closedWhileWaiting(t *testing.T, ours, theirs end, _ int) {
	closed := make(chan struct{})
	time.AfterFunc(soon, func() {
		closeEnd(t, theirs)
		close(closed)
	})
	closedIsEOFNow(t, ours)
	<-closed
}

func neverReads(t *testing.T, ours, _ end, _ int) {
	frame := make([]byte, 64<<10)
	start := time.Now()
	for range 1000 {
		err := ours.Send(frame, nil)
		if err == nil {
			continue
		}
		if want := "the peer left frames unread for 50ms"; err.Error() != want {
			t.Errorf("%v; want %s", err, want)
		}
		if took := time.Since(start); took > never/2 {
			t.Errorf("it took %s", took)
		}
		return
	}
	t.Error("1,000 unread frames are taken")
}

// refused receives and decodes, as a runner does, what must not be accepted.
func refused(t *testing.T, from end) {
	t.Helper()
	data, descriptors, err := from.Receive(never)
	if err == nil {
		_, err = protocol.Decode(data, len(descriptors), protocol.SetOf(protocol.Kinds()...))
		from.Discard(descriptors)
	}
	var malformed *protocol.Malformed
	if !errors.As(err, &malformed) {
		t.Errorf("%v; want a Malformed", err)
	}
}

func tooLong(t *testing.T, ours, theirs end, descriptor int) {
	for _, size := range []int{protocol.MaxFrame + 1, protocol.MaxFrame + 2, protocol.MaxFrame + 4096} {
		send(t, ours, make([]byte, size), descriptor)
		refused(t, theirs)
	}
	send(t, ours, []byte{1})
	receive(t, theirs, []byte{1}, 0)
}

func tooManyDescriptors(t *testing.T, ours, theirs end, descriptor int) {
	start, err := protocol.Encode(&protocol.Start{})
	if err != nil {
		t.Fatal(err)
	}
	for _, count := range []int{protocol.MaxDescriptors + 1, 253} { // SCM_MAX_FD
		send(t, ours, start, slices.Repeat([]int{descriptor}, count)...)
		refused(t, theirs)
	}
	send(t, ours, start)
	receive(t, theirs, start, 0)
}

// openDescriptors counts this process's.
func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// TestNothingLeaks runs the whole contract again on sockets and counts the descriptors that
// remain open.
//
// SPEC: M-TRAN-5
func TestNothingLeaks(t *testing.T) {
	once := func() {
		ours, theirs := sockets(t, soon)
		file, err := os.Open("/dev/null")
		if err != nil {
			t.Fatal(err)
		}
		descriptor := int(file.Fd())
		descriptorsTravel(t, ours, theirs, descriptor)
		tooLong(t, ours, theirs, descriptor)
		tooManyDescriptors(t, ours, theirs, descriptor)
		withCredentials(t, ours, theirs, descriptor)
		send(t, ours, []byte{1}, descriptor) // never received
		file.Close()
		closeEnd(t, theirs)
		closeEnd(t, ours)
	}
	once() // what the Go runtime opens for itself
	before := openDescriptors(t)
	for range 10 {
		once()
	}
	if after := openDescriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// withCredentials makes the kernel add a control message that nobody expects.
func withCredentials(t *testing.T, ours, theirs *Socket, descriptor int) {
	t.Helper()
	if err := unix.SetsockoptInt(theirs.descriptor, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		t.Fatal(err)
	}
	send(t, ours, []byte{1}, descriptor)
	_, _, err := theirs.Receive(never)
	var malformed *protocol.Malformed
	if !errors.As(err, &malformed) || malformed.Reason != "a control message other than SCM_RIGHTS" {
		t.Errorf("%v; want it refused", err)
	}
	if err := unix.SetsockoptInt(theirs.descriptor, unix.SOL_SOCKET, unix.SO_PASSCRED, 0); err != nil {
		t.Fatal(err)
	}
}
