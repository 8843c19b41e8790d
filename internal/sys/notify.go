package sys

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Notification is what a seccomp listener receives about a call (struct seccomp_notif,
// seccomp_unotify(2)).
type Notification struct {
	ID           uint64
	PID          uint32
	Flags        uint32
	Call         int32
	Architecture uint32
	Instruction  uint64
	Arguments    [6]uint64
}

// notificationAnswer is struct seccomp_notif_resp.
type notificationAnswer struct {
	id    uint64
	value int64
	error int32
	flags uint32
}

// ReceiveNotification waits for a listener's next notification. Once no process has the
// filter any more, it returns an error. For that it waits with poll(2): before Linux 6.11
// the ioctl itself would block forever.
func ReceiveNotification(listener int) (notification Notification, err error) {
	poll := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(poll, -1); err != unix.EINTR { //nolint:errorlint // bare errno
			break
		}
	}
	if poll[0].Revents&unix.POLLIN == 0 {
		return notification, os.NewSyscallError("poll", unix.ENOENT)
	}
	_, errno := ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&notification))
	if errno != 0 {
		return notification, os.NewSyscallError("ioctl SECCOMP_IOCTL_NOTIF_RECV", errno)
	}
	return notification, nil
}

// ContinueNotified lets the call proceed.
func ContinueNotified(listener int, id uint64) error {
	return answerNotified(listener, &notificationAnswer{id: id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE})
}

// FailNotified makes the call fail instead of proceeding.
func FailNotified(listener int, id uint64, errno unix.Errno) error {
	return answerNotified(listener, &notificationAnswer{id: id, error: -int32(errno)})
}

// AnswerNotified makes the call return a value instead of proceeding.
func AnswerNotified(listener int, id uint64, value int64) error {
	return answerNotified(listener, &notificationAnswer{id: id, value: value})
}

func answerNotified(listener int, answer *notificationAnswer) error {
	_, errno := ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(answer))
	if errno != 0 {
		return os.NewSyscallError("ioctl SECCOMP_IOCTL_NOTIF_SEND", errno)
	}
	return nil
}

func ioctl(descriptor int, request uint, argument unsafe.Pointer) (uintptr, unix.Errno) {
	result, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(descriptor), uintptr(request), uintptr(argument))
	return result, errno
}
