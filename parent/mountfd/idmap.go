package mountfd

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"syscall"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
)

// mapOwners gives a detached mount, as [Open] returns it, an ID mapping: a file of owner
// ContainerID + n on the file system belongs to owner HostID + n through the mount, and
// vice versa. Other owners are shown as the overflow user. The mount must never have been
// attached and can be mapped only once. A recursive mapping maps either all mounts below as
// well, or nothing.
//
// This needs Linux 5.12, a file system that supports it, and CAP_SYS_ADMIN in the user
// namespace that the file system belongs to.
func mapOwners(tree int, source string, owners *bundle.OwnerMapping) error {
	namespace, err := ownersNamespace(owners)
	if err != nil {
		return err
	}
	defer unix.Close(namespace)
	flags := uint(unix.AT_EMPTY_PATH)
	if owners.Recursive {
		flags |= unix.AT_RECURSIVE
	}
	err = unix.MountSetattr(tree, "", flags, &unix.MountAttr{
		Attr_set:  unix.MOUNT_ATTR_IDMAP,
		Userns_fd: uint64(namespace),
	})
	if err != nil {
		return hinted("mount_setattr MOUNT_ATTR_IDMAP", source, err, refusals)
	}
	return nil
}

// refusals explains errors of mount_setattr(2).
var refusals = map[syscall.Errno]string{
	unix.EINVAL: "the file system, or one below it, does not support ID-mapped mounts, or the mount is attached already",
	unix.EPERM:  "the mount is mapped already, the mapping is the host's own, or the file system belongs to another user namespace",
}

// ownersNamespace opens a user namespace with the mapping.
func ownersNamespace(owners *bundle.OwnerMapping) (int, error) {
	if owners.Namespace != "" {
		return openUserNamespace(owners.Namespace)
	}
	uids, err := mappings("uidMappings", owners.UIDs)
	if err != nil {
		return -1, refuse("%v", err)
	}
	gids, err := mappings("gidMappings", owners.GIDs)
	if err != nil {
		return -1, refuse("%v", err)
	}
	namespace, err := newUserNamespace(uids, gids)
	if err != nil {
		return -1, refuse("user namespace for an ID-mapped mount: %v", err)
	}
	return namespace, nil
}

func openUserNamespace(path string) (int, error) {
	namespace, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, failure("open", path, err)
	}
	kind, err := unix.IoctlRetInt(namespace, unix.NS_GET_NSTYPE)
	if err != nil || kind != unix.CLONE_NEWUSER {
		unix.Close(namespace)
		return -1, refuse("%s is not a user namespace", path)
	}
	return namespace, nil
}

// mappings converts mappings from config.json. Property names them in an error.
func mappings(property string, from []specs.LinuxIDMapping) ([]syscall.SysProcIDMap, error) {
	if len(from) == 0 || len(from) > bundle.MaxMappings {
		return nil, fmt.Errorf("%s: %d lines: allowed are 1 to %d", property, len(from), bundle.MaxMappings)
	}
	to := make([]syscall.SysProcIDMap, len(from))
	for i, line := range from {
		// The kernel takes the last ID, 2^32-1, to mean "no ID".
		most := math.MaxUint32 - max(line.ContainerID, line.HostID)
		if line.Size == 0 || line.Size > most {
			return nil, fmt.Errorf("%s[%d].size: %d: allowed are 1 to %d, so that no id is above %d",
				property, i, line.Size, most, uint32(math.MaxUint32-1))
		}
		to[i] = syscall.SysProcIDMap{ContainerID: int(line.ContainerID), HostID: int(line.HostID), Size: int(line.Size)}
	}
	return to, nil
}

// newUserNamespace opens a new user namespace with the given mappings. Only a process can
// make a namespace, so one is started. It is traced, and so stops before its first
// instruction (ptrace(2), PTRACE_TRACEME) and is killed there.
func newUserNamespace(uids, gids []syscall.SysProcIDMap) (int, error) {
	// Tracing, and the parent that Pdeathsig watches, belong to a thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	pid, err := syscall.ForkExec("/proc/self/exe", []string{"fsrun: user namespace"}, &syscall.ProcAttr{
		Dir: "/",
		Sys: &syscall.SysProcAttr{
			Cloneflags:  unix.CLONE_NEWUSER,
			UidMappings: uids,
			GidMappings: gids,
			Ptrace:      true,
			Pdeathsig:   unix.SIGKILL,
		},
	})
	if err != nil {
		return -1, os.NewSyscallError("clone", err)
	}
	defer reap(pid)
	path := fmt.Sprintf("/proc/%d/ns/user", pid)
	namespace, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open %s: %w", path, err)
	}
	return namespace, nil
}

// reap kills a traced child, whose ID cannot be reused until it is waited for. A tracer is
// notified of stops too, so reap waits for the actual end.
func reap(pid int) {
	_ = unix.Kill(pid, unix.SIGKILL)
	for {
		var status unix.WaitStatus
		_, err := unix.Wait4(pid, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil, status.Exited(), status.Signaled():
			return
		}
	}
}
