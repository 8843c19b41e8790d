package netdev

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// NewNamespace makes a network namespace that contains only the loopback interface, which
// is up.
func NewNamespace() (*os.File, error) {
	type result struct {
		namespace *os.File
		err       error
	}
	done := make(chan result)
	go func() {
		namespace, err := makeNamespace()
		done <- result{namespace, err}
	}()
	made := <-done
	return made.namespace, made.err
}

// makeNamespace puts its thread back into its namespace, or else makes sure that nobody
// uses it again.
func makeNamespace() (_ *os.File, err error) {
	const file = "/proc/thread-self/ns/net"
	runtime.LockOSThread()
	ours, err := os.Open(file)
	if err != nil {
		runtime.UnlockOSThread()
		return nil, err
	}
	defer ours.Close()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return nil, os.NewSyscallError("unshare", err)
	}
	made, err := os.Open(file)
	if err == nil {
		if err = loopbackUp(); err != nil {
			made.Close()
		}
	}
	if backError := unix.Setns(int(ours.Fd()), unix.CLONE_NEWNET); backError == nil {
		runtime.UnlockOSThread()
	} // otherwise the thread ends with this goroutine
	if err != nil {
		return nil, err
	}
	return made, nil
}

// loopbackUp brings up lo in the calling thread's network namespace.
func loopbackUp() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(socket)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP)
	return os.NewSyscallError("ioctl SIOCSIFFLAGS", unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request))
}
