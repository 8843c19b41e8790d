package parent

import (
	"errors"
	"fmt"
	"os"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/state"
)

// ownUserNamespace returns the inode of this process's user namespace, 0 if unknown.
func ownUserNamespace() uint64 {
	var stat unix.Stat_t
	if unix.Stat("/proc/self/ns/user", &stat) != nil {
		return 0
	}
	return stat.Ino
}

// containersUserNamespace returns the inode of the user namespace in which the container is
// made.
func (h *handshake) containersUserNamespace() (uint64, error) {
	if bundle.FindNamespace(h.bundle.Spec, specs.UserNamespace) == nil {
		return h.userNamespace, nil
	}
	var stat unix.Stat_t
	path := fmt.Sprintf("/proc/%d/ns/user", h.child.pid)
	if err := unix.Stat(path, &stat); err != nil {
		return 0, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	return stat.Ino, nil
}

// users is the user namespace in which a running container was made.
type users struct {
	*os.File
	init int
	ours bool // it is the runtime's own
	left bool // the container's init has left it
}

// openUsers finds that user namespace: it is the init's or one above. The init may have
// left it for one that it made itself. Processes that it left behind have every power over
// the new one, so they could look into a process of ours that joined it.
func openUsers(container *state.Container) (*users, error) {
	path := container.Namespaces[string(specs.UserNamespace)]
	file, err := sys.OpenFile(path, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	u := &users{File: file, init: container.Init.PID}
	for {
		inode, err := u.inode()
		if err != nil {
			u.Close()
			return nil, err
		}
		if inode == container.UserNamespace || container.UserNamespace == 0 {
			u.ours = inode == ownUserNamespace()
			return u, nil
		}
		above, err := unix.IoctlRetInt(int(u.Fd()), unix.NS_GET_PARENT)
		u.Close()
		if err != nil {
			return nil, fmt.Errorf("%s is not below the user namespace that the container was made in: %w", path, os.NewSyscallError("ioctl NS_GET_PARENT", err))
		}
		u.File, u.left = os.NewFile(uintptr(above), path), true
	}
}

func (u *users) inode() (uint64, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(int(u.Fd()), &stat); err != nil {
		return 0, &os.PathError{Op: "fstat", Path: u.Name(), Err: err}
	}
	return stat.Ino, nil
}

// path leads to the user namespace as long as it is open.
func (u *users) path() string { return fmt.Sprintf("/proc/self/fd/%d", u.Fd()) }

// keepOut reports whether the namespace keeps its processes from looking into a process of
// ours that joins it. It does because they may not read that process's binary, which is
// ours; but if the namespace has an ID for us, its root may.
func (u *users) keepOut() (bool, error) {
	if u.ours || u.left {
		return false, nil
	}
	mappings, err := readMappings(u.init)
	if err != nil {
		return false, err
	}
	// A process cannot return to a user namespace that it has left. So if the init is
	// still in this one, it was when the map was read.
	var now, opened unix.Stat_t
	err = errors.Join(unix.Stat(u.Name(), &now), unix.Fstat(int(u.Fd()), &opened))
	if err != nil || now.Ino != opened.Ino {
		return false, nil
	}
	us := uint32(os.Geteuid())
	for _, mapping := range mappings {
		if us >= mapping.HostID && us-mapping.HostID < mapping.Size {
			return false, nil
		}
	}
	return true, nil
}
