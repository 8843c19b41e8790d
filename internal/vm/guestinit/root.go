package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/fsrun/fsrun/internal/vm/wire"
	"golang.org/x/sys/unix"
)

// newRoot is where the new root is made.
const newRoot = "/newroot"

// leaveInitialRoot moves the file system to a tmpfs, or to the disk, and makes that the
// root. The kernel's initial root can be neither unmounted nor pivoted away from
// (pivot_root(2), BUGS), so container runtimes cannot work in it.
func leaveInitialRoot(manifest wire.Manifest) error {
	if err := os.Mkdir(newRoot, 0o755); err != nil {
		return err
	}
	mount := mountMemory
	if manifest.Disk {
		mount = func() error { return mountDisk(manifest.DiskModules) }
	}
	if err := mount(); err != nil {
		return err
	}
	if err := moveTree("/", newRoot); err != nil {
		return err
	}
	if err := os.Chdir(newRoot); err != nil {
		return err
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return fmt.Errorf("move %s to /: %w", newRoot, err)
	}
	if err := unix.Chroot("."); err != nil {
		return fmt.Errorf("chroot: %w", err)
	}
	return os.Chdir("/")
}

func mountMemory() error {
	if err := unix.Mount("tmpfs", newRoot, "tmpfs", 0, "size=90%,mode=0755"); err != nil {
		return fmt.Errorf("mount a tmpfs on %s: %w", newRoot, err)
	}
	return nil
}

func mountDisk(modules []string) error {
	if err := loadModules(modules); err != nil {
		return err
	}
	// For the device node of the disk.
	if err := os.MkdirAll("/dev", 0o755); err != nil {
		return err
	}
	if err := unix.Mount("devtmpfs", "/dev", "devtmpfs", 0, ""); err != nil {
		return fmt.Errorf("mount devtmpfs: %w", err)
	}
	if err := unix.Mount(wire.DiskPath, newRoot, "ext4", unix.MS_NOATIME, ""); err != nil {
		return fmt.Errorf("mount %s on %s: %w", wire.DiskPath, newRoot, err)
	}
	return unix.Unmount("/dev", 0)
}

// moveTree copies everything on source's file system and removes each file once it has been
// copied, so that hardly anything is in memory twice.
func moveTree(source, destination string) error {
	// Keep the modes in the archive.
	defer unix.Umask(unix.Umask(0))
	return filepath.WalkDir(source, func(path string, found fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path == source {
			return nil
		}
		if path == destination {
			return filepath.SkipDir
		}
		return moveEntry(path, filepath.Join(destination, path), found)
	})
}

// moveEntry replaces files of the same name. An existing directory, or link to a directory
// like Debian's /bin, is kept.
func moveEntry(path, destination string, found fs.DirEntry) error {
	info, err := found.Info()
	if err != nil {
		return err
	}
	permissions := uint32(info.Mode().Perm())
	if info.Mode()&fs.ModeSetuid != 0 {
		permissions |= unix.S_ISUID
	}
	switch info.Mode().Type() {
	case fs.ModeDir:
		if there, err := os.Stat(destination); err == nil && there.IsDir() {
			return nil
		}
		return unix.Mkdir(destination, permissions)
	case fs.ModeSymlink:
		target, err := os.Readlink(path)
		if err != nil {
			return err
		}
		if err := removeFile(destination); err != nil {
			return err
		}
		return os.Symlink(target, destination)
	case 0:
		if err := removeFile(destination); err != nil {
			return err
		}
		if err := copyFile(path, destination, permissions); err != nil {
			return err
		}
		return os.Remove(path)
	default:
		// The kernel's own archive has device nodes; devtmpfs will have them too.
		return nil
	}
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func copyFile(path, destination string, permissions uint32) error {
	source, err := os.Open(path)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(destination, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		target.Close()
		return fmt.Errorf("%s: %w", destination, err)
	}
	if err := target.Close(); err != nil {
		return err
	}
	return unix.Chmod(destination, permissions)
}
