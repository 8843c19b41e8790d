package rootfs

import (
	"fmt"
	"io"
	"os"
	"path"

	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// The limits on what is copied into a new file system. They keep a hostile image from
// making a start take forever; the size of the file system is a limit too.
const (
	maxCopyEntries = 65536
	maxCopyBytes   = 1 << 30
	maxCopyDepth   = 64
)

// copyUp copies what is at the destination into the new, still detached file system:
// directories, regular files, symbolic links and FIFOs, with owner, mode and times, but
// without extended attributes and therefore without file capabilities.
func (b *Builder) copyUp(destination, mount int, op *protocol.Mount) error {
	source, err := openat(destination, ".", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return failed("openat", op.Destination, err)
	}
	target, err := openat(mount, ".", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		unix.Close(source)
		return failed("openat", op.Destination, err)
	}
	defer unix.Close(target)
	stat, err := fstat(source)
	if err != nil {
		unix.Close(source)
		return failed("fstat", op.Destination, err)
	}
	c := copier{process: &b.process, entries: maxCopyEntries, bytes: maxCopyBytes}
	if err := withoutMask(func() error { return c.directory(source, target, clean(op.Destination), 0) }); err != nil {
		return err
	}
	if setsOwner(op) {
		return nil
	}
	return c.own(target, &stat, clean(op.Destination))
}

// setsOwner reports whether the options set the owner or mode of the new root directory.
func setsOwner(op *protocol.Mount) bool {
	for _, option := range op.Options {
		if option.Name == "mode" || option.Name == "uid" || option.Name == "gid" {
			return true
		}
	}
	return false
}

// copier counts what may still be copied.
type copier struct {
	process *process
	entries int
	bytes   int64
}

// directory copies a directory's entries and closes source.
func (c *copier) directory(source, target int, name string, depth int) error {
	listing := os.NewFile(uintptr(source), name)
	defer listing.Close()
	if depth > maxCopyDepth {
		return c.exceeded(name, fmt.Sprintf("directories more than %d deep", maxCopyDepth))
	}
	for {
		names, err := listing.Readdirnames(256)
		for _, entry := range names {
			if err := c.entry(source, target, entry, path.Join(name, entry), depth); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return failed("getdents64", name, err)
		}
	}
}

func (c *copier) exceeded(name, what string) error {
	return refused("mount", name, unix.EFBIG, "too much to copy into the new file system: "+what)
}

// entry copies one entry. The entry is checked by descriptor before it is opened.
func (c *copier) entry(source, target int, entry, name string, depth int) error {
	if c.entries--; c.entries < 0 {
		return c.exceeded(name, fmt.Sprintf("more than %d files", maxCopyEntries))
	}
	original, err := openat(source, entry, unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		return failed("openat", name, err)
	}
	defer unix.Close(original)
	stat, err := fstat(original)
	if err != nil {
		return failed("fstat", name, err)
	}
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return c.subdirectory(original, target, entry, name, &stat, depth)
	case unix.S_IFREG:
		return c.regular(original, target, entry, name, &stat)
	case unix.S_IFLNK:
		return c.link(original, target, entry, name, &stat)
	case unix.S_IFIFO, unix.S_IFSOCK:
		return c.special(target, entry, name, &stat)
	}
	return refused("mknodat", name, unix.EPERM, typeName(stat.Mode)+" is not copied into a new file system")
}

func (c *copier) subdirectory(original, target int, entry, name string, stat *unix.Stat_t, depth int) error {
	source, err := openat(original, ".", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return failed("openat", name, err)
	}
	if err := unix.Mkdirat(target, entry, 0o700); err != nil {
		unix.Close(source)
		return failed("mkdirat", name, err)
	}
	made, err := openat(target, entry, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW)
	if err != nil {
		unix.Close(source)
		return failed("openat", name, err)
	}
	defer unix.Close(made)
	if err := c.directory(source, made, name, depth+1); err != nil {
		return err
	}
	return c.own(made, stat, name)
}

func (c *copier) regular(original, target int, entry, name string, stat *unix.Stat_t) error {
	source, err := c.process.reopen(original, unix.O_RDONLY)
	if err != nil {
		return failed("openat", name, err)
	}
	from := os.NewFile(uintptr(source), name)
	defer from.Close()
	made, err := uninterrupted(func() (int, error) {
		return unix.Openat(target, entry, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	})
	if err != nil {
		return failed("openat", name, err)
	}
	to := os.NewFile(uintptr(made), name)
	defer to.Close()
	copied, err := io.Copy(to, io.LimitReader(from, c.bytes+1))
	if err != nil {
		return err // from package os: already a *fs.PathError
	}
	if c.bytes -= copied; c.bytes < 0 {
		return c.exceeded(name, fmt.Sprintf("more than %d bytes", maxCopyBytes))
	}
	return c.own(made, stat, name)
}

func (c *copier) link(original, target int, entry, name string, stat *unix.Stat_t) error {
	text, err := readLink(original)
	if err != nil {
		return failed("readlinkat", name, err)
	}
	if err := unix.Symlinkat(text, target, entry); err != nil {
		return failed("symlinkat", name, err)
	}
	err = unix.Fchownat(target, entry, int(stat.Uid), int(stat.Gid), unix.AT_SYMLINK_NOFOLLOW)
	if err != nil {
		return failed("fchownat", name, err)
	}
	return nil
}

func (c *copier) special(target int, entry, name string, stat *unix.Stat_t) error {
	if err := unix.Mknodat(target, entry, stat.Mode, 0); err != nil {
		return failed("mknodat", name, err)
	}
	err := unix.Fchownat(target, entry, int(stat.Uid), int(stat.Gid), unix.AT_SYMLINK_NOFOLLOW)
	if err != nil {
		return failed("fchownat", name, err)
	}
	return nil
}

// own gives a copy the original's owner, then its mode, which changing the owner may have
// reduced, then its times.
func (c *copier) own(copied int, stat *unix.Stat_t, name string) error {
	if err := unix.Fchown(copied, int(stat.Uid), int(stat.Gid)); err != nil {
		return failed("fchown", name, err)
	}
	if err := unix.Fchmod(copied, stat.Mode&0o7777); err != nil {
		return failed("fchmod", name, err)
	}
	times := []unix.Timespec{stat.Atim, stat.Mtim}
	if err := unix.UtimesNanoAt(copied, "", times, unix.AT_EMPTY_PATH); err != nil {
		return failed("utimensat", name, err)
	}
	return nil
}
