package loopback

import (
	"errors"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// noFamily is a protocol family that no kernel has (AF_MAX is below it).
var noFamily = family{250, unix.SOCK_DGRAM}

func TestUpMakesLoopbackReachable(t *testing.T) {
	newNetwork(t)
	if err := exchange(); !errors.Is(err, unix.ENETUNREACH) {
		t.Fatalf("before Up, sending to 127.0.0.1: %v, want %v", err, unix.ENETUNREACH)
	}
	if err := Up(); err != nil {
		t.Fatal(err)
	}
	if err := exchange(); err != nil {
		t.Fatalf("after Up, sending to 127.0.0.1: %v", err)
	}
}

func TestUpAgainChangesNothing(t *testing.T) {
	newNetwork(t)
	var before uint16
	for range 3 {
		if err := Up(); err != nil {
			t.Fatal(err)
		}
		after := flags(t)
		if before != 0 && before != after {
			t.Fatalf("flags went from %#x to %#x", before, after)
		}
		before = after
	}
}

func TestUpKeepsOtherFlags(t *testing.T) {
	newNetwork(t)
	set(t, flags(t)|unix.IFF_PROMISC)
	if err := Up(); err != nil {
		t.Fatal(err)
	}
	if got, want := flags(t), uint16(unix.IFF_UP|unix.IFF_PROMISC); got&want != want {
		t.Fatalf("flags %#x, want IFF_UP and IFF_PROMISC", got)
	}
}

func TestUpThroughAnyFamily(t *testing.T) {
	for _, c := range []struct {
		name     string
		families []family
	}{
		{"IPv4", families[0:1]},
		{"Unix", families[1:2]},
		{"netlink", families[2:3]},
		{"the next when one is missing", []family{noFamily, noFamily, families[1]}},
	} {
		t.Run(c.name, func(t *testing.T) {
			newNetwork(t)
			if err := up(c.families); err != nil {
				t.Fatal(err)
			}
			if err := exchange(); err != nil {
				t.Fatalf("sending to 127.0.0.1: %v", err)
			}
		})
	}
}

func TestUpWithoutAnyFamily(t *testing.T) {
	err := up([]family{noFamily, noFamily})
	var refused *os.SyscallError
	if !errors.As(err, &refused) || refused.Syscall != "socket" || !errors.Is(err, unix.EAFNOSUPPORT) {
		t.Fatalf("got %v, want socket: %v", err, unix.EAFNOSUPPORT)
	}
}

// Only a missing family leads to the next row: any other error is returned.
func TestUpStopsAtOtherErrors(t *testing.T) {
	wrongKind := family{unix.AF_INET, 15}
	err := up([]family{wrongKind, noFamily})
	if err == nil || errors.Is(err, unix.EAFNOSUPPORT) {
		t.Fatalf("got %v, want the first row's error", err)
	}
}

func TestUpWithoutCapability(t *testing.T) {
	newNetwork(t)
	dropNetAdmin(t)
	err := Up()
	var refused *os.PathError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want an *os.PathError", err)
	}
	if refused.Op != "ioctl SIOCSIFFLAGS" || refused.Path != "lo" || refused.Err != unix.EPERM {
		t.Fatalf("got %v, want ioctl SIOCSIFFLAGS lo: %v", err, unix.EPERM)
	}
}

func TestUpLeavesNoDescriptor(t *testing.T) {
	newNetwork(t)
	before := nextDescriptor(t)
	for range 10 {
		if err := Up(); err != nil {
			t.Fatal(err)
		}
	}
	if after := nextDescriptor(t); after != before {
		t.Fatalf("the lowest free descriptor went from %d to %d", before, after)
	}
}

func BenchmarkUp(b *testing.B) {
	newNetwork(b)
	for b.Loop() {
		if err := Up(); err != nil {
			b.Fatal(err)
		}
	}
}

// newNetwork moves the test into a network namespace of its own. The thread remains locked,
// so it ends with the test's goroutine.
func newNetwork(tb testing.TB) {
	tb.Helper()
	runtime.LockOSThread()
	err := unix.Unshare(unix.CLONE_NEWNET)
	switch {
	case err == nil:
	case errors.Is(err, unix.EPERM) && os.Getenv("FSRUN_GUEST") != "1":
		tb.Skipf("needs CAP_SYS_ADMIN for a network namespace: %v", err)
	default:
		tb.Fatalf("unshare CLONE_NEWNET: %v", err)
	}
}

// exchange sends a datagram to 127.0.0.1 and receives it.
func exchange() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	if err := unix.SetsockoptTimeval(socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}); err != nil {
		return err
	}
	if err := unix.Bind(socket, &unix.SockaddrInet4{}); err != nil {
		return err
	}
	bound, err := unix.Getsockname(socket)
	if err != nil {
		return err
	}
	self := &unix.SockaddrInet4{Port: bound.(*unix.SockaddrInet4).Port, Addr: [4]byte{127, 0, 0, 1}}
	if err := unix.Sendto(socket, []byte("ping"), 0, self); err != nil {
		return err
	}
	var answer [8]byte
	n, _, err := unix.Recvfrom(socket, answer[:], 0)
	if err != nil {
		return err
	}
	if got := string(answer[:n]); got != "ping" {
		return errors.New("received " + got)
	}
	return nil
}

func flags(t *testing.T) uint16 {
	t.Helper()
	request := control(t, unix.SIOCGIFFLAGS, 0)
	return request.Uint16()
}

func set(t *testing.T, flags uint16) {
	t.Helper()
	control(t, unix.SIOCSIFFLAGS, flags)
}

func control(t *testing.T, call uint, flags uint16) *unix.Ifreq {
	t.Helper()
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(socket)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	request.SetUint16(flags)
	if err := unix.IoctlIfreq(socket, call, request); err != nil {
		t.Fatalf("ioctl %#x: %v", call, err)
	}
	return request
}

// dropNetAdmin removes CAP_NET_ADMIN from the calling thread, which is discarded.
func dropNetAdmin(t *testing.T) {
	t.Helper()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		t.Fatal(err)
	}
	sets[0].Effective &^= 1 << unix.CAP_NET_ADMIN
	if err := unix.Capset(&header, &sets[0]); err != nil {
		t.Fatal(err)
	}
}

func nextDescriptor(t *testing.T) int {
	t.Helper()
	fd, err := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	return fd
}
