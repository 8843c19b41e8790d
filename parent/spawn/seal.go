package spawn

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// secondLayer is needed because an overlay without an upper layer must have two lower ones.
// It exists on every system, and contains no binary.
const secondLayer = "/sys"

// self is this process's own binary, whatever its path is by now.
const self = "/proc/self/exe"

// Binary is a copy of this program's binary that nobody can write to, for a child to
// execute. The last one to close it waits until the kernel has released its mount and file
// system.
type Binary struct {
	file  int
	mount int // of the overlay that contains the file; none if it is in memory
}

// Close releases the copy. Call it when the child no longer runs it or waits for us.
func (b *Binary) Close() {
	if b != nil {
		closeDescriptor(&b.file)
		closeDescriptor(&b.mount)
	}
}

// seal opens a copy of this binary that nobody can write to, for the child to execute: a
// container that reaches the child's /proc/PID/exe must not reach the file on the host
// (CVE-2019-5736).
//
// A read-only overlay over the binary's directory is such a copy without any copying: its
// file cannot be opened for writing through any mount. If there can be no overlay, or if
// the child will appear among a container's processes, which may look into a process whose
// binary is readable, the binary is copied into memory.
func seal(hidden bool) (*Binary, error) {
	var err error
	if !hidden {
		var binary *Binary
		if binary, err = overlay(); err == nil {
			return binary, nil
		}
	}
	file, copyErr := copySelf(hidden)
	if copyErr != nil {
		return nil, fmt.Errorf("seal the runtime's binary: %w", errors.Join(err, copyErr))
	}
	return &Binary{file, none}, nil
}

// overlay mounts an overlay without an upper layer, which is permanently read-only, where
// nobody can see it, and opens the binary in it.
func overlay() (*Binary, error) {
	name, err := os.Readlink(self)
	if err != nil {
		return nil, err
	}
	directory, base := filepath.Split(name)
	directory = filepath.Clean(directory)
	if strings.ContainsAny(directory, `:\,`) || directory == "/" {
		return nil, fmt.Errorf("%s cannot be a layer", directory)
	}
	context, err := unix.Fsopen("overlay", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("fsopen overlay", err)
	}
	defer unix.Close(context)
	if err := unix.FsconfigSetString(context, "lowerdir", directory+":"+secondLayer); err != nil {
		return nil, os.NewSyscallError("fsconfig lowerdir", err)
	}
	if err := unix.FsconfigCreate(context); err != nil {
		return nil, os.NewSyscallError("fsconfig create", err)
	}
	mount, err := unix.Fsmount(context, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV)
	if err != nil {
		return nil, os.NewSyscallError("fsmount", err)
	}
	file, err := unix.Openat(mount, base, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		unix.Close(mount)
		return nil, os.NewSyscallError("openat", err)
	}
	binary := &Binary{file, mount}
	if err := same(file); err != nil {
		binary.Close()
		return nil, err
	}
	return binary, nil
}

// same refuses a file that has replaced the one we are running.
func same(sealed int) error {
	var ours, theirs unix.Stat_t
	if err := unix.Stat(self, &ours); err != nil {
		return os.NewSyscallError("stat", err)
	}
	if err := unix.Fstat(sealed, &theirs); err != nil {
		return os.NewSyscallError("fstat", err)
	}
	if ours.Ino != theirs.Ino || ours.Size != theirs.Size || ours.Mtim != theirs.Mtim {
		return errors.New("the binary has been replaced since it was started")
	}
	return nil
}

// copySelf copies the binary into memory and seals that against any change. A hidden copy
// can be executed but not read: the kernel then makes the process non-dumpable from its
// execution on, and lets nobody in a user namespace below ours look into it (ptrace(2),
// "Ptrace access mode checking").
func copySelf(hidden bool) (int, error) {
	source, err := os.Open(self)
	if err != nil {
		return -1, err
	}
	defer source.Close()
	info, err := source.Stat()
	if err != nil {
		return -1, err
	}
	memory, err := unix.MemfdCreate("fsrun", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return -1, os.NewSyscallError("memfd_create", err)
	}
	defer unix.Close(memory)
	if err := fill(memory, int(source.Fd()), info.Size()); err != nil {
		return -1, err
	}
	// A file that is open for writing cannot be executed (ETXTBSY).
	sealed, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", memory), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: "memfd", Err: err}
	}
	mode := uint32(0o555)
	if hidden {
		mode = 0o111
	}
	if err := unix.Fchmod(sealed, mode); err != nil {
		unix.Close(sealed)
		return -1, os.NewSyscallError("fchmod", err)
	}
	return sealed, nil
}

func fill(memory, source int, size int64) error {
	for copied := int64(0); copied < size; {
		count, err := unix.Sendfile(memory, source, nil, int(size-copied))
		if err != nil {
			return os.NewSyscallError("sendfile", err)
		}
		if count == 0 {
			return errors.New("the binary shrank while it was copied")
		}
		copied += int64(count)
	}
	const seals = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
	if _, err := unix.FcntlInt(uintptr(memory), unix.F_ADD_SEALS, seals); err != nil {
		return os.NewSyscallError("fcntl F_ADD_SEALS", err)
	}
	return nil
}
