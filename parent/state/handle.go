package state

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

const (
	// LockTimeout bounds how long Lock waits for another process.
	LockTimeout = 10 * time.Second
	// The pause between attempts grows from the first to the longest.
	firstPause   = time.Millisecond
	longestPause = 50 * time.Millisecond
)

// Handle is a container's directory, locked for the caller. It must not be used
// concurrently.
type Handle struct {
	store     *Store
	id        string
	directory *os.File
	// intents is the open intent record, whose first intentSize bytes are complete lines.
	intents    *os.File
	intentSize int64
}

// Lock locks a container. It waits up to LockTimeout for another process that holds the
// lock. It returns ErrNotExist if there is no such container, including one that was
// removed in the meantime.
func (s *Store) Lock(id string) (*Handle, error) { return s.lock(id, LockTimeout) }

func (s *Store) lock(id string, timeout time.Duration) (*Handle, error) {
	if err := ValidateID(id); err != nil {
		return nil, err
	}
	directory, err := sys.OpenFile(s.Path(id), os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW)
	if errors.Is(err, os.ErrNotExist) {
		return nil, notExist(id)
	}
	if err != nil {
		return nil, fmt.Errorf("container %q: %w", id, err)
	}
	err = flock(directory, timeout)
	switch {
	case err != nil:
		err = fmt.Errorf("%w: %q%s", err, id, s.creating(id))
	case !s.current(id, directory):
		err = notExist(id)
	}
	if err != nil {
		directory.Close()
		return nil, err
	}
	return &Handle{store: s, id: id, directory: directory}, nil
}

// creating names the process that is creating the container, "" if none is: whoever has
// waited for it in vain may want to kill it.
func (s *Store) creating(id string) string {
	container, err := s.Load(id)
	if err != nil || container.Init.PID != 0 || !container.creator.Alive() {
		return ""
	}
	return fmt.Sprintf("; process %d is creating it: end that, and all that it has made is undone by delete --force", container.creator.PID)
}

// flock tries without blocking, because a blocking flock has no timeout.
func flock(file *os.File, timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case err != unix.EWOULDBLOCK && err != unix.EINTR:
			return os.NewSyscallError("flock", err)
		case time.Now().After(deadline):
			return fmt.Errorf("container is busy: %s has held its lock for %v", holder(file), timeout)
		}
		time.Sleep(pause)
	}
}

// current reports whether the locked directory is still the container's: its last holder
// may have removed it, and somebody else reserved the ID again.
func (s *Store) current(id string, directory *os.File) bool {
	held, err := directory.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(s.Path(id))
	return err == nil && os.SameFile(held, named)
}

// Directory returns the container's open directory, which the handle owns. A socket in it
// is best bound through /proc/self/fd, because its path may be longer than a socket
// address.
func (h *Handle) Directory() *os.File { return h.directory }

// Load returns the container.
func (h *Handle) Load() (*Container, error) { return h.store.Load(h.id) }

// Save puts a container's state.json in place. If it fails, the previous one, or none, is
// still in place.
func (h *Handle) Save(container *Container) error {
	if container.ID != h.id {
		return fmt.Errorf("container %q: cannot save the state of container %q", h.id, container.ID)
	}
	content := appendContainer(nil, container)
	if len(content) > MaxStateBytes {
		return fmt.Errorf("container %q: its state takes %d bytes; allowed: at most %d", h.id, len(content), MaxStateBytes)
	}
	if err := h.replace(content); err != nil {
		// Only this file can be incomplete, and it is never read.
		unix.Unlinkat(int(h.directory.Fd()), newStateName, 0)
		return fmt.Errorf("container %q: cannot save its state: %w", h.id, err)
	}
	return nil
}

func (h *Handle) replace(content []byte) error {
	file, err := h.openAt(newStateName, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	directory := int(h.directory.Fd())
	return os.NewSyscallError("renameat", unix.Renameat(directory, newStateName, directory, stateName))
}

// Keep writes a file beside the state in a single write. It is for what is useful but not
// essential: a reader may find the file empty or missing.
func (h *Handle) Keep(name string, content []byte) error {
	file, err := h.openAt(name, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_TRUNC)
	if err != nil {
		return fmt.Errorf("container %q: cannot keep %s: %w", h.id, name, err)
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("container %q: cannot keep %s: %w", h.id, name, err)
	}
	return nil
}

// Kept reads such a file, up to limit bytes.
func (s *Store) Kept(id, name string, limit int64) ([]byte, error) {
	if err := ValidateID(id); err != nil {
		return nil, err
	}
	content, err := readBounded(filepath.Join(s.Path(id), name), limit)
	if errors.Is(err, os.ErrNotExist) {
		if _, gone := os.Lstat(s.Path(id)); errors.Is(gone, os.ErrNotExist) {
			return nil, notExist(id)
		}
	}
	return content, err
}

// openAt opens a file in the container's directory that only the owner can access.
func (h *Handle) openAt(name string, flags int) (*os.File, error) {
	path := h.store.Path(h.id) + "/" + name
	fd, err := unix.Openat(int(h.directory.Fd()), name, flags|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, &os.PathError{Op: "openat", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

// Remove deletes everything recorded about the container and closes the handle, even on
// failure.
func (h *Handle) Remove() error {
	err := h.empty()
	if err == nil {
		err = os.Remove(h.store.Path(h.id))
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		// There is something else in it.
		err = os.RemoveAll(h.store.Path(h.id))
	}
	if err != nil {
		err = fmt.Errorf("container %q: cannot remove its state: %w", h.id, err)
	}
	return errors.Join(err, h.Close())
}

// empty removes all files in the directory. If there are more than a container has, the
// rest is left for others to see.
func (h *Handle) empty() error {
	names, err := h.directory.Readdirnames(maxFiles)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	slices.SortFunc(names, removal)
	for _, name := range names {
		if err := unix.Unlinkat(int(h.directory.Fd()), name, 0); err != nil {
			return &os.PathError{Op: "unlinkat", Path: h.store.Path(h.id) + "/" + name, Err: err}
		}
	}
	return nil
}

// removal orders files for their removal. Those that tell that there is a container are last:
// if we are killed meanwhile, it can still be deleted, and its ID does not stay taken.
func removal(one, other string) int {
	rank := func(name string) int { return slices.Index([]string{intentName, stateName}, name) }
	return cmp.Compare(rank(one), rank(other))
}

// maxFiles is more than a container's directory contains.
const maxFiles = 64

// Close unlocks the container.
func (h *Handle) Close() error {
	if h.intents != nil {
		h.intents.Close()
	}
	return h.directory.Close()
}
