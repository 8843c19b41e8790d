package handoff

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// directory is the working directory. It is entered before any filter is loaded, which need
// not allow it, and with the child's rights: images name directories that their users may
// not enter. Where the child itself may not enter, as on a network file system that maps
// root to nobody, the program's user must try.
type directory struct {
	change sys.Program
	path   []byte // for getcwd
}

func (d *directory) compile(name string) {
	d.path = make([]byte, unix.PathMax)
	d.change.Must("chdir", name, unix.SYS_CHDIR, d.change.String(name))
}

// tryToEnter enters the directory. It returns false if the child's rights do not suffice.
func (d *directory) tryToEnter() (bool, error) {
	err := d.enter()
	if errors.Is(err, unix.EACCES) {
		return false, nil
	}
	return err == nil, err
}

func (d *directory) enter() error {
	if err := d.change.Run(); err != nil {
		return err
	}
	return d.inside()
}

// inside refuses a working directory that is not beneath the root: a leaked descriptor of
// the host could lead to one.
func (d *directory) inside() error {
	path, errno := sys.WorkingDirectory(d.path)
	if errno != 0 {
		return os.NewSyscallError("getcwd", errno)
	}
	if len(path) == 0 || path[0] != '/' {
		return &fs.PathError{Op: "getcwd", Path: string(path), Err: errors.New("the working directory is outside the container's root")}
	}
	return nil
}
