package rootfs

import (
	"errors"

	"golang.org/x/sys/unix"
)

// tree resolves paths beneath a root with the result that chroot(2) would give, but on
// descriptors and without a way out.
type tree struct {
	root int
	// walks: openat2(2) is blocked, for example by an old seccomp profile.
	walks bool
}

// lookup says how a path is resolved.
type lookup struct {
	// make is S_IFDIR or S_IFREG to make what is missing, including the directories on the
	// way. Zero makes a missing path ENOENT.
	make uint32
	// strict refuses a symbolic link anywhere in the path.
	strict bool
	// nofollow does not follow a symbolic link at the end of the path.
	nofollow bool
}

// open returns an O_PATH descriptor for a cleaned path. Symbolic links stay beneath the
// root; those of procfs that are more than their text are refused, or resolved by their
// text.
func (t *tree) open(path string, how lookup) (int, error) {
	if !t.walks {
		descriptor, err := t.openat2(path, how)
		switch err {
		case nil:
			return descriptor, nil
		case unix.ENOSYS, unix.EPERM:
			t.walks = true
		case unix.EAGAIN, unix.EXDEV:
			// A ".." in a symbolic link raced with a rename or mount somewhere in the
			// system. The walk resolves ".." from the directories that it holds.
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

// openIfThere is open for a path that may not exist. It then returns none.
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
