package sys

import (
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Pin keeps the calling goroutine on its thread and the scheduler off it, permanently: from
// here on, the runtime has no reason to start a thread to get a processor back. All system
// calls must be raw from then on, because an ordinary one gives up the processor while it
// blocks.
func Pin() { procPin() }

//go:linkname procPin runtime.procPin
func procPin() int

// Raw makes a system call that the Go runtime does not notice, and repeats it if a signal
// interrupts it. Addresses among the arguments must be of memory on the heap: the stack may
// move before the call is made, and the address would not follow.
func Raw(number uintptr, arguments ...uintptr) (uintptr, syscall.Errno) {
	var all [6]uintptr
	copy(all[:], arguments)
	return rawCall(number, &all)
}

func rawCall(number uintptr, a *[6]uintptr) (uintptr, syscall.Errno) {
	for {
		result, _, errno := syscall.RawSyscall6(number, a[0], a[1], a[2], a[3], a[4], a[5])
		if errno != unix.EINTR {
			return result, errno
		}
	}
}

// Send sends a message without descriptors.
func Send(socket int, message []byte) syscall.Errno {
	_, errno := Raw(unix.SYS_SENDTO, uintptr(socket), uintptr(unsafe.Pointer(&message[0])), uintptr(len(message)), unix.MSG_NOSIGNAL)
	return errno
}

// Read reads what is available, up to len(into) bytes.
func Read(descriptor int, into []byte) (int, syscall.Errno) {
	size, errno := Raw(unix.SYS_READ, uintptr(descriptor), uintptr(unsafe.Pointer(&into[0])), uintptr(len(into)))
	return int(size), errno
}

// WorkingDirectory gets the working directory, using a buffer of PATH_MAX bytes. The result
// is as the kernel writes it: a path that is not beneath the root begins with
// "(unreachable)".
func WorkingDirectory(into []byte) ([]byte, syscall.Errno) {
	size, errno := Raw(unix.SYS_GETCWD, uintptr(unsafe.Pointer(&into[0])), uintptr(len(into)))
	if errno != 0 {
		return nil, errno
	}
	return into[:size-1], 0
}

// Poll waits until a descriptor is ready, forever if milliseconds is negative. A signal
// prolongs the wait only by the time that it takes itself.
func Poll(descriptors []unix.PollFd, milliseconds int) (int, syscall.Errno) {
	ready, _, errno := syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&descriptors[0])), uintptr(len(descriptors)),
		uintptr(unsafe.Pointer(timespec(milliseconds))), 0, 0, 0)
	return int(ready), errno
}

func timespec(milliseconds int) *unix.Timespec {
	if milliseconds < 0 {
		return nil
	}
	limit := unix.NsecToTimespec(int64(milliseconds) * 1e6)
	return &limit
}

// WaitFor reaps a child that has ended and returns how. It makes the call itself, because
// status is on the stack (see Raw).
func WaitFor(pid int) (unix.WaitStatus, syscall.Errno) {
	var status unix.WaitStatus
	for {
		_, _, errno := syscall.RawSyscall6(unix.SYS_WAIT4, uintptr(pid), uintptr(unsafe.Pointer(&status)), 0, 0, 0, 0)
		if errno != unix.EINTR {
			return status, errno
		}
	}
}

// Receiver receives messages with raw recvmsg calls into memory of its own.
type Receiver struct {
	data, control []byte
	vector        unix.Iovec
	header        unix.Msghdr
}

// NewReceiver returns a Receiver for messages of up to size bytes with up to one
// descriptor.
func NewReceiver(size int) *Receiver {
	r := &Receiver{
		data: make([]byte, size),
		// Not CmsgSpace: its padding would have room for a second descriptor, which would
		// leak.
		control: make([]byte, unix.CmsgLen(4)),
	}
	r.vector.Base = &r.data[0]
	r.vector.SetLen(size)
	r.header.Iov = &r.vector
	r.header.SetIovlen(1)
	return r
}

// Receive waits for a message, for at most milliseconds, or forever if that is 0. The
// descriptor is -1 if there is none; truncated says that the message or its descriptors did
// not fit. The error is EAGAIN if the time is up.
func (r *Receiver) Receive(socket int, milliseconds uint32) (data []byte, descriptor int, truncated bool, errno syscall.Errno) {
	size, errno := r.receive(socket, time.Duration(milliseconds)*time.Millisecond)
	if errno != 0 {
		return nil, -1, false, errno
	}
	truncated = r.header.Flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0
	return r.data[:size], r.descriptor(), truncated, 0
}

// receive repeats the call after a signal with the remaining time. The kernel does not
// restart calls on a socket with a timeout (signal(7)), not even after the process was
// stopped and continued: with the whole limit each time, frequent signals could postpone
// the timeout forever.
func (r *Receiver) receive(socket int, limit time.Duration) (uintptr, syscall.Errno) {
	end := time.Now().Add(limit)
	for left := limit; ; {
		if errno := setTimeout(socket, unix.SO_RCVTIMEO, left); errno != 0 {
			return 0, errno
		}
		r.header.Control = &r.control[0]
		r.header.SetControllen(len(r.control))
		size, _, errno := syscall.RawSyscall6(unix.SYS_RECVMSG, uintptr(socket), uintptr(unsafe.Pointer(&r.header)), unix.MSG_CMSG_CLOEXEC, 0, 0, 0)
		switch {
		case errno != unix.EINTR:
			return size, errno
		case limit == 0:
			continue
		}
		if left = time.Until(end); left <= 0 {
			return 0, unix.EAGAIN
		}
	}
}

// descriptor returns the descriptor in the only SCM_RIGHTS message that there is room for.
func (r *Receiver) descriptor() int {
	if r.header.Controllen < uint64(unix.CmsgLen(4)) {
		return -1
	}
	head := (*unix.Cmsghdr)(unsafe.Pointer(&r.control[0]))
	if head.Level != unix.SOL_SOCKET || head.Type != unix.SCM_RIGHTS {
		return -1
	}
	return int(*(*int32)(unsafe.Pointer(&r.control[unix.CmsgLen(0)])))
}

// SetName sets this thread's name in the kernel, as shown by /proc/PID/comm: at most 15
// bytes.
func SetName(name string) error {
	bytes := append([]byte(name), 0)
	_, _, errno := syscall.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_NAME, uintptr(unsafe.Pointer(&bytes[0])), 0, 0, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("prctl PR_SET_NAME", errno)
	}
	return nil
}
