package rootfs

import (
	"strings"

	"golang.org/x/sys/unix"
)

const (
	// maxLinks is how many symbolic links one path may lead through, the same as the
	// kernel's limit (path_resolution(7)).
	maxLinks = 40

	// maxComponents is how many components a walk may have ahead of it, including those of
	// symbolic links. It also bounds how many directories the walk holds open.
	maxComponents = 256

	// The modes of what is made on the way to a mount's destination.
	directoryMode = 0o755
	fileMode      = 0o644
)

// walk resolves a path one component at a time. It holds every directory on the way open,
// so that ".." leads back to a directory it came through rather than to wherever that has
// been moved since: no rename can lead it out of the root.
func (t *tree) walk(path string, how lookup) (int, error) {
	w := walker{path: path, how: how, held: []int{t.root}}
	defer w.release()
	if err := w.push(path); err != nil {
		return none, err
	}
	for len(w.ahead) > 0 {
		if err := w.step(); err != nil {
			return none, err
		}
	}
	if len(w.held) == 1 {
		return w.duplicateRoot()
	}
	descriptor := w.held[len(w.held)-1]
	w.held = w.held[:len(w.held)-1]
	return descriptor, nil
}

type walker struct {
	path  string
	how   lookup
	held  []int    // from the root, which is borrowed, to the current directory
	ahead []string // the components still to go
	links int
}

func (w *walker) release() {
	for _, descriptor := range w.held[1:] {
		unix.Close(descriptor)
	}
	w.held = w.held[:1]
}

// push puts a path's components in front of those still ahead.
func (w *walker) push(path string) error {
	var components []string
	for component := range strings.SplitSeq(path, "/") {
		if component != "" && component != "." {
			components = append(components, component)
		}
	}
	if strings.HasSuffix(path, "/") || strings.HasSuffix(path, "/.") {
		components = append(components, ".") // what comes before must be a directory
	}
	if len(components)+len(w.ahead) > maxComponents {
		return refused("openat", w.path, unix.ENAMETOOLONG, "too many components")
	}
	w.ahead = append(components, w.ahead...)
	return nil
}

// step handles one component.
func (w *walker) step() error {
	name := w.ahead[0]
	w.ahead = w.ahead[1:]
	switch name {
	case ".":
		return nil
	case "..":
		w.up()
		return nil
	}
	descriptor, err := w.enter(name)
	if err != nil {
		return err
	}
	stat, err := fstat(descriptor)
	if err != nil {
		unix.Close(descriptor)
		return failed("fstat", w.path, err)
	}
	last := len(w.ahead) == 0
	switch {
	case isType(stat.Mode, unix.S_IFLNK) && !(last && w.how.nofollow):
		defer unix.Close(descriptor)
		return w.follow(descriptor)
	case !last && !isType(stat.Mode, unix.S_IFDIR):
		unix.Close(descriptor)
		return failed("openat", w.path, unix.ENOTDIR)
	}
	w.held = append(w.held, descriptor)
	return nil
}

func (w *walker) up() {
	if last := len(w.held) - 1; last > 0 {
		unix.Close(w.held[last])
		w.held = w.held[:last]
	}
}

// enter opens a component without following it, and makes it if it is missing and may be
// made.
func (w *walker) enter(name string) (int, error) {
	directory := w.held[len(w.held)-1]
	descriptor, err := openat(directory, name, unix.O_PATH|unix.O_NOFOLLOW)
	if err == unix.ENOENT && w.how.make != 0 {
		if err := w.create(directory, name); err != nil {
			return none, err
		}
		descriptor, err = openat(directory, name, unix.O_PATH|unix.O_NOFOLLOW)
	}
	if err != nil {
		return none, failed("openat", w.path, err)
	}
	return descriptor, nil
}

// create makes a missing component. If another process was faster, that is no error: what
// it made is checked like anything else.
func (w *walker) create(directory int, name string) error {
	call, kind := "mkdirat", uint32(unix.S_IFDIR)
	if len(w.ahead) == 0 && w.how.make == unix.S_IFREG {
		call, kind = "mknodat", unix.S_IFREG
	}
	err := withoutMask(func() error {
		if kind == unix.S_IFREG {
			return unix.Mknodat(directory, name, unix.S_IFREG|fileMode, 0)
		}
		return unix.Mkdirat(directory, name, directoryMode)
	})
	if err != nil && err != unix.EEXIST {
		return failed(call, w.path, err)
	}
	return nil
}

// follow puts a symbolic link's target in front of the components still ahead.
func (w *walker) follow(link int) error {
	w.links++
	if w.how.strict || w.links > maxLinks {
		return failed("openat", w.path, unix.ELOOP)
	}
	target, err := readLink(link)
	if err != nil {
		return failed("readlinkat", w.path, err)
	}
	if strings.HasPrefix(target, "/") {
		w.release()
	}
	return w.push(target)
}

func (w *walker) duplicateRoot() (int, error) {
	descriptor, err := unix.FcntlInt(uintptr(w.held[0]), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return none, failed("fcntl", w.path, err)
	}
	return descriptor, nil
}
