package loopback

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

const device = "lo"

type family struct{ domain, kind int }

// families lists the sockets that can carry the ioctls, most likely first: according to
// netdevice(7), any socket works. The later ones are for kernels without IPv4 and for
// environments that deny it.
var families = []family{
	{unix.AF_INET, unix.SOCK_DGRAM},
	{unix.AF_UNIX, unix.SOCK_DGRAM},
	{unix.AF_NETLINK, unix.SOCK_RAW},
}

// Up brings lo up in the calling thread's network namespace. It does nothing if lo is
// already up. A caller that has unshared the namespace must have locked its goroutine to
// the thread with [runtime.LockOSThread].
//
// Up needs CAP_NET_ADMIN in the user namespace that owns the network namespace. If an ioctl
// fails, the error is an [*os.PathError] whose Op is the call and whose Path is the
// interface; if a socket cannot be made, it is an [*os.SyscallError].
func Up() error { return up(families) }

func up(families []family) error {
	socket, err := open(families)
	if err != nil {
		return err
	}
	defer unix.Close(socket)

	request, err := unix.NewIfreq(device)
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(socket, unix.SIOCGIFFLAGS, request); err != nil {
		return &os.PathError{Op: "ioctl SIOCGIFFLAGS", Path: device, Err: err}
	}
	flags := request.Uint16()
	if flags&unix.IFF_UP != 0 {
		return nil
	}
	request.SetUint16(flags | unix.IFF_UP)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request); err != nil {
		return &os.PathError{Op: "ioctl SIOCSIFFLAGS", Path: device, Err: err}
	}
	return nil
}

// open returns a socket of the first family that exists. It tries the next one only if the
// family does not exist: any other error, such as too many open files, would recur, and
// says more by itself.
func open(families []family) (int, error) {
	var err error
	for _, row := range families {
		var socket int
		socket, err = unix.Socket(row.domain, row.kind|unix.SOCK_CLOEXEC, 0)
		if err == nil {
			return socket, nil
		}
		if !errors.Is(err, unix.EAFNOSUPPORT) {
			break
		}
	}
	return -1, os.NewSyscallError("socket", err)
}
