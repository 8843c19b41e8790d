package cgroupv2

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// maxFile bounds how much of an interface file is read. The largest is io.stat, which grows
// with the number of devices; cgroup.procs is read as a stream with a bound of its own.
const maxFile = 1 << 20

// dir is an open cgroup directory. Everything below it is opened relative to its
// descriptor, one component at a time; path is for messages only and is never opened.
type dir struct {
	fd   int
	path string
}

func (d dir) fail(op, name string, err error) error {
	path := d.path
	if name != "" {
		path += "/" + name
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}

// child opens the sub-group name. The kernel's cgroup file system has no symbolic links;
// O_NOFOLLOW guarantees that even if something else is mounted here. The descriptor is not
// O_PATH, because before Linux 6 BPF_PROG_ATTACH refused those.
func (d dir) child(name string) (dir, error) {
	fd, err := retry(func() (int, error) {
		return unix.Openat(d.fd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return dir{}, d.fail("open", name, err)
	}
	return dir{fd: fd, path: d.path + "/" + name}, nil
}

// above opens the parent group. ".." is safe here: cgroup2 has no symbolic links, and its
// directories cannot be renamed.
func (d dir) above() (dir, error) {
	parent, err := d.child("..")
	parent.path = d.path[:max(0, strings.LastIndexByte(d.path, '/'))]
	return parent, err
}

func (d dir) close() { unix.Close(d.fd) }

// release closes the directory only once: a second close could hit a descriptor that was
// opened under the same number in the meantime.
func (d *dir) release() {
	const closed = -1
	if d.fd != closed {
		d.close()
		d.fd = closed
	}
}

// mkdir makes the sub-group name and reports whether it was this call that made it.
func (d dir) mkdir(name string) (created bool, err error) {
	_, err = retry(func() (int, error) { return 0, unix.Mkdirat(d.fd, name, 0o755) })
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, unix.EEXIST):
		return false, nil
	}
	return false, d.fail("mkdir", name, err)
}

func (d dir) rmdir(name string) error {
	_, err := retry(func() (int, error) { return 0, unix.Unlinkat(d.fd, name, unix.AT_REMOVEDIR) })
	if err != nil {
		return d.fail("rmdir", name, err)
	}
	return nil
}

// file opens the interface file name.
func (d dir) file(name string, flags int) (*file, error) {
	fd, err := retry(func() (int, error) {
		return unix.Openat(d.fd, name, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return nil, d.fail("open", name, err)
	}
	return &file{fd: fd, dir: d, name: name}, nil
}

// read returns the content of the interface file name without the final newline.
func (d dir) read(name string) (string, error) {
	f, err := d.file(name, unix.O_RDONLY)
	if err != nil {
		return "", err
	}
	defer f.close()
	return f.read()
}

// fields reads an interface file of names separated by spaces.
func (d dir) fields(name string) ([]string, error) {
	content, err := d.read(name)
	return strings.Fields(content), err
}

func (d dir) write(name, value string) error {
	f, err := d.file(name, unix.O_WRONLY)
	if err != nil {
		return err
	}
	defer f.close()
	return f.write(value)
}

// has reports whether the interface file name exists.
func (d dir) has(name string) bool {
	return unix.Faccessat(d.fd, name, unix.F_OK, 0) == nil
}

// Permission bits of an interface file.
const (
	reading = 0o444
	writing = 0o222
)

// forbids reports whether the mode of the interface file name denies the permission to
// everybody. Root can open it all the same, and gets EINVAL only when reading or writing.
func (d dir) forbids(name string, permission uint32) bool {
	var stat unix.Stat_t
	err := unix.Fstatat(d.fd, name, &stat, unix.AT_SYMLINK_NOFOLLOW)
	return err == nil && stat.Mode&permission == 0
}

// subgroup returns the name of a sub-group, or "" if there is none.
func (d dir) subgroup() (string, error) {
	name := ""
	err := d.entries(func(entry fs.DirEntry) bool {
		if entry.IsDir() {
			name = entry.Name()
		}
		return name == ""
	})
	return name, err
}

// subgroups returns the names of all sub-groups.
func (d dir) subgroups() (names []string, err error) {
	err = d.entries(func(entry fs.DirEntry) bool {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
		return true
	})
	return names, err
}

// entries calls visit for every entry until visit returns false.
func (d dir) entries(visit func(fs.DirEntry) bool) error {
	// Use a separate descriptor, because reading a directory moves its offset.
	fd, err := retry(func() (int, error) {
		return unix.Openat(d.fd, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return d.fail("open", "", err)
	}
	list := os.NewFile(uintptr(fd), d.path)
	defer list.Close()
	for {
		batch, err := list.ReadDir(64)
		for _, entry := range batch {
			if !visit(entry) {
				return nil
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

// collect returns a visitor that collects the names with the prefix.
func collect(names *[]string, prefix string) func(fs.DirEntry) bool {
	return func(entry fs.DirEntry) bool {
		if strings.HasPrefix(entry.Name(), prefix) {
			*names = append(*names, entry.Name())
		}
		return true
	}
}

// file is an open interface file. All reads and writes are at offset 0, so that one
// descriptor can read, write and read back.
type file struct {
	fd   int
	dir  dir
	name string
}

func (f *file) close() { unix.Close(f.fd) }

func (f *file) read() (string, error) {
	var content strings.Builder
	var buffer [4096]byte
	for {
		n, err := retry(func() (int, error) { return unix.Pread(f.fd, buffer[:], int64(content.Len())) })
		switch {
		case err != nil:
			return "", f.dir.fail("read", f.name, err)
		case n == 0:
			return strings.TrimSuffix(content.String(), "\n"), nil
		case content.Len()+n > maxFile:
			return "", f.dir.fail("read", f.name, unix.EFBIG)
		}
		content.Write(buffer[:n])
	}
}

// write passes the value to the kernel in one call, as interface files require. It writes
// an empty value as a newline: writing no bytes would not reach the kernel's handler.
func (f *file) write(value string) error {
	if value == "" {
		value = "\n"
	}
	n, err := retry(func() (int, error) { return unix.Pwrite(f.fd, []byte(value), 0) })
	if err == nil && n != len(value) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return f.dir.fail("write", f.name, err)
	}
	return nil
}

// retry repeats a system call that a signal interrupted. The Go runtime sends itself
// signals for preemption. The loop ends, because each repetition takes another signal.
func retry(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR {
			return n, err
		}
	}
}

// readHost reads a file of /proc or /sys, with the same bound.
func readHost(path string) (string, error) {
	fd, err := retry(func() (int, error) { return unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0) })
	if err != nil {
		return "", &fs.PathError{Op: "open", Path: path, Err: err}
	}
	f := file{fd: fd, dir: dir{path: filepath.Dir(path)}, name: filepath.Base(path)}
	defer f.close()
	return f.read()
}
