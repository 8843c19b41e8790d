package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Handover is a message that carries one descriptor, prepared while there is memory. The
// descriptor and the socket are known only when it is sent, with raw calls.
type Handover struct {
	data, control []byte
	vector        unix.Iovec
	message       multipleMessage
}

// multipleMessage is struct mmsghdr of sendmmsg(2).
type multipleMessage struct {
	header unix.Msghdr
	sent   uint32
}

// NewHandover prepares the message.
func NewHandover(data []byte) *Handover {
	h := &Handover{data: append([]byte(nil), data...), control: make([]byte, unix.CmsgSpace(4))}
	h.vector.Base = unsafe.SliceData(h.data)
	h.vector.SetLen(len(h.data))
	head := (*unix.Cmsghdr)(unsafe.Pointer(&h.control[0]))
	head.Level, head.Type = unix.SOL_SOCKET, unix.SCM_RIGHTS
	head.SetLen(unix.CmsgLen(4))
	header := &h.message.header
	header.Iov, header.Control = &h.vector, &h.control[0]
	header.SetIovlen(1)
	header.SetControllen(len(h.control))
	return h
}

// Size is the message's size in bytes.
func (h *Handover) Size() int { return len(h.data) }

// Send sends the message with the descriptor and returns how many bytes were sent. It uses
// sendmsg(2), or if multiple is set, sendmmsg(2).
func (h *Handover) Send(socket, descriptor int, multiple bool) (int, syscall.Errno) {
	*(*int32)(unsafe.Pointer(&h.control[unix.CmsgLen(0)])) = int32(descriptor)
	if !multiple {
		size, errno := Raw(unix.SYS_SENDMSG, uintptr(socket), uintptr(unsafe.Pointer(&h.message.header)), unix.MSG_NOSIGNAL)
		return int(size), errno
	}
	_, errno := Raw(unix.SYS_SENDMMSG, uintptr(socket), uintptr(unsafe.Pointer(&h.message)), 1, unix.MSG_NOSIGNAL)
	return int(h.message.sent), errno
}

// SetSendTimeout sets SO_SNDTIMEO; 0 means forever.
func SetSendTimeout(socket int, milliseconds uint32) syscall.Errno {
	return setTimeout(socket, unix.SO_SNDTIMEO, time.Duration(milliseconds)*time.Millisecond)
}

// setTimeout rounds up to the kernel's unit, so that a remaining time never becomes 0,
// which means forever. It makes the call itself, because limit is on the stack (see Raw);
// no signal interrupts this call.
func setTimeout(socket int, option uintptr, wait time.Duration) syscall.Errno {
	limit := unix.NsecToTimeval(wait.Nanoseconds())
	_, _, errno := syscall.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(socket), unix.SOL_SOCKET, option,
		uintptr(unsafe.Pointer(&limit)), unsafe.Sizeof(limit), 0)
	return errno
}
