package state

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/sys"
	json "github.com/fsrun/fsrun/parent/bundle/strictjson"
)

const (
	stateName = "state.json"
	// newStateName is the file that is renamed to state.json.
	newStateName = "state.json.new"
	// MaxStateBytes bounds a state file, which contains annotations and hooks from the
	// bundle.
	MaxStateBytes = 16 << 20
)

// ErrExist and ErrNotExist say why an ID cannot be reserved or found.
var (
	ErrExist    = errors.New("container with given ID already exists")
	ErrNotExist = errors.New("container does not exist")
)

// Store is a directory of containers.
type Store struct{ root string }

// Open returns the store in a directory, given as an absolute path, or "" for the default
// returned by Root. The directory is made when the first ID is reserved.
func Open(root string) (*Store, error) {
	if root == "" {
		var err error
		if root, err = Root(); err != nil {
			return nil, err
		}
	}
	if !filepath.IsAbs(root) {
		return nil, fmt.Errorf("state directory %q is a relative path; allowed: an absolute path", root)
	}
	return &Store{root: filepath.Clean(root)}, nil
}

// Path returns the directory of a container, whose ID must be valid.
func (s *Store) Path(id string) string { return filepath.Join(s.root, id) }

// Reserve takes an ID for a container that is made from a bundle, and returns its locked
// handle. Of any number of concurrent callers exactly one succeeds; the others get
// ErrExist. If it fails, nothing is left behind.
func (s *Store) Reserve(id, bundle string) (*Handle, error) {
	if err := ValidateID(id); err != nil {
		return nil, err
	}
	creator, err := ThisProcess()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.root, 0o700); err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	if err := os.Mkdir(s.Path(id), 0o700); err != nil {
		if errors.Is(err, os.ErrExist) {
			return nil, fmt.Errorf("%w: %q has its state in %s; delete it or choose another id", ErrExist, id, s.Path(id))
		}
		return nil, fmt.Errorf("container %q: cannot reserve the id: %w", id, err)
	}
	handle, err := s.Lock(id)
	if err != nil {
		return nil, errors.Join(err, s.takeBack(id, err))
	}
	if err := handle.claim(); err != nil {
		if !errors.Is(err, ErrExist) {
			// We cannot tell whose it is, so it is removed only if it is empty: without an
			// intent it belongs to nobody.
			err = errors.Join(err, s.removeEmpty(id))
		}
		return nil, errors.Join(err, handle.Close())
	}
	if err := handle.Intend(Intent{Step: Reserved, Object: bundle, Process: creator}); err != nil {
		return nil, errors.Join(err, handle.Remove())
	}
	return handle, nil
}

// takeBack removes the directory of a reservation that could not be locked because it could
// not be opened. Otherwise it is another process's by now, or gone, and removing it would
// take the ID from whoever holds the lock.
func (s *Store) takeBack(id string, lockError error) error {
	if unopened := new(fs.PathError); !errors.As(lockError, &unopened) {
		return nil
	}
	return s.removeEmpty(id)
}

// removeEmpty removes a container's directory unless it contains something.
func (s *Store) removeEmpty(id string) error {
	if err := os.Remove(s.Path(id)); err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ENOTEMPTY) {
		return err
	}
	return nil
}

// claim makes sure that the locked directory is free. Between our mkdir and our lock, a
// delete may have removed it and somebody else made it again; the ID then belongs to
// whoever records the first intent.
func (h *Handle) claim() error {
	intents, err := h.Intents()
	if err == nil && len(intents) > 0 {
		err = fmt.Errorf("%w: %q was reserved by another process meanwhile", ErrExist, h.id)
	}
	return err
}

// Load returns a container. If it is still being created, or its creator died, only the ID
// and the bundle are known, and Init has no process.
func (s *Store) Load(id string) (*Container, error) {
	if err := ValidateID(id); err != nil {
		return nil, err
	}
	content, err := readBounded(filepath.Join(s.Path(id), stateName), MaxStateBytes)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return s.loadUnfinished(id)
	case err != nil:
		return nil, fmt.Errorf("container %q: %w", id, err)
	}
	container := new(Container)
	if err := json.Decode(string(content), func(d *json.Decoder) { readContainer(d, container) }); err != nil {
		return nil, fmt.Errorf("container %q: %s is damaged, only a forced delete is possible: %w", id, filepath.Join(s.Path(id), stateName), err)
	}
	if container.ID != id {
		return nil, fmt.Errorf("container %q: %s is that of container %q", id, filepath.Join(s.Path(id), stateName), container.ID)
	}
	return container, nil
}

// loadUnfinished describes a container by its intents.
func (s *Store) loadUnfinished(id string) (*Container, error) {
	directory, err := os.Lstat(s.Path(id))
	if errors.Is(err, os.ErrNotExist) {
		return nil, notExist(id)
	} else if err != nil {
		return nil, err
	}
	container := &Container{OCIVersion: specs.Version, ID: id, Created: directory.ModTime().UTC()}
	intents, err := s.Intents(id)
	if err != nil {
		return nil, err
	}
	if len(intents) == 0 {
		if stranger, err := s.isStranger(id); stranger || err != nil {
			return nil, errors.Join(err, notExist(id))
		}
	}
	if len(intents) > 0 && intents[0].Step == Reserved {
		container.Bundle = intents[0].Object
		container.creator = intents[0].Process
	}
	return container, nil
}

// isStranger reports whether a directory without a record is not a container's. If a
// creator was killed before it recorded anything, its directory contains nothing else; one
// with other content could be anybody's, if the state directory was given by mistake.
func (s *Store) isStranger(id string) (bool, error) {
	names, err := os.ReadDir(s.Path(id))
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	return slices.ContainsFunc(names, func(entry fs.DirEntry) bool { return entry.Name() != intentName }), err
}

func notExist(id string) error { return fmt.Errorf("%w: %q", ErrNotExist, id) }

// Entry is a container in a list.
type Entry struct {
	ID string
	// Container is nil if Err says why it cannot be read.
	Container *Container
	Err       error
}

// List returns all containers, sorted by ID. A damaged one is an entry with an error; one
// that is deleted in the meantime is left out.
func (s *Store) List() ([]Entry, error) {
	directories, err := os.ReadDir(s.root)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	var entries []Entry
	for _, directory := range directories {
		id := directory.Name()
		if !directory.IsDir() || ValidateID(id) != nil {
			continue
		}
		container, err := s.Load(id)
		if errors.Is(err, ErrNotExist) {
			continue
		}
		entries = append(entries, Entry{ID: id, Container: container, Err: err})
	}
	return entries, nil
}

// Remove deletes everything recorded about a container, damaged or not. It is no error if
// the container does not exist.
func (s *Store) Remove(id string) error {
	handle, err := s.Lock(id)
	if errors.Is(err, ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return handle.Remove()
}

// readBounded reads a regular file without following a symbolic link.
func readBounded(path string, limit int64) ([]byte, error) {
	file, err := sys.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: is of type %s; allowed: a regular file", path, info.Mode().Type())
	}
	content, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("%s: holds more than %d bytes", path, limit)
	}
	return content, nil
}
