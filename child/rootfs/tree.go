package rootfs

import (
	"errors"

	"golang.org/x/sys/unix"
)

// tree resolves paths beneath a root: what chroot(2) would make of them, but on
// descriptors, and with no way out.
type tree struct {
	root int
	// walks: openat2(2) is blocked, as by an old seccomp profile.
	walks bool
}

// lookup says how a path is resolved.
type lookup struct {
	// make is S_IFDIR or S_IFREG: what is missing is made, directories on the
	// way included. Zero: a missing path is ENOENT.
	make uint32
	// strict refuses a symbolic link anywhere in the path.
	strict bool
	// nofollow does not follow a symbolic link at the path's end.
	nofollow bool
}

// open returns an O_PATH descriptor of a cleaned path. Symbolic links stay
// beneath the root; those of procfs that are more than their text are refused
// or taken by their text.
func (t *tree) open(path string, how lookup) (int, error) {
	if !t.walks {
		descriptor, err := t.openat2(path, how)
		switch err {
		case nil:
			return descriptor, nil
		case unix.ENOSYS, unix.EPERM:
			t.walks = true
		case unix.EAGAIN, unix.EXDEV:
			// A ".." of a symbolic link met a rename or mount somewhere in the
			// system. The walk takes ".." from what it holds.
		case unix.ENOENT:
			if how.make == 0 {
				return none, failed("openat2", path, err)
			}
		default:
			return none, failed("openat2", path, err)
		}
	}
	return t.walk(path, how)
}

// openIfThere is open for a path that need not be there: none if it is not.
func (t *tree) openIfThere(path string) (int, error) {
	descriptor, err := t.open(path, lookup{})
	if errors.Is(err, unix.ENOENT) {
		return none, nil
	}
	return descriptor, err
}

func (t *tree) openat2(path string, how lookup) (int, error) {
	request := unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	}
	if how.strict {
		request.Resolve |= unix.RESOLVE_NO_SYMLINKS
	}
	if how.nofollow {
		request.Flags |= unix.O_NOFOLLOW
	}
	return uninterrupted(func() (int, error) { return unix.Openat2(t.root, path, &request) })
}
