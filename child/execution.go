package child

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/child/handoff"
	childmachine "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/child/rootfs"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// prepareExecution prepares the execution. What is determined now need not be determined, and cannot
// fail, once limits are in force.
func (c *child) prepareExecution(op *protocol.Execute) (machine.Event, error) {
	programs, err := find(c.builder, c.left.Arguments[0], c.left.Environment, op.Directory)
	if err != nil {
		fault := protocol.Explain(protocol.CodeExec, fmt.Errorf("exec: %q: %w", c.left.Arguments[0], err))
		fault.Path = "process.args[0]"
		return "", fault
	}
	c.left.Execute, c.left.Programs = op, programs
	c.left.Environment = withHome(c.builder, c.left.Environment, op.UID)
	if len(c.left.Hooks) > 0 {
		if c.left.Null, err = c.builder.Null(); err != nil {
			fault := protocol.Explain(protocol.CodeHook, err)
			fault.Path = c.left.Hooks[0].At
			return "", fault
		}
	}
	if c.prepared, err = handoff.Compile(c.left); err != nil {
		return "", err
	}
	c.builder.Close()
	return childmachine.Prepared, nil
}

// defaultPath is the search path if the environment has no PATH.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

var errNotFound = errors.New("executable file not found in $PATH")

// find resolves a program's name the way a shell does: a name with a slash is relative to
// the working directory, any other is searched for in PATH. It returns every file that may
// be the program. Which of them the program's user can reach and execute is for the kernel
// to decide once the child is that user. If there is none, the error is about a file that
// nobody may execute, or failing that about one whose interpreter is missing.
func find(builder *rootfs.Builder, name string, environment []string, directory string) ([]handoff.Program, error) {
	if strings.Contains(name, "/") {
		name = absolute(name, directory)
		if err := executable(name); err != nil {
			return nil, err
		}
		program, err := examine(builder, name)
		return []handoff.Program{program}, err
	}
	if name == "" {
		return nil, errNotFound
	}
	var found []handoff.Program
	var forbidden, incomplete error
	for _, place := range strings.Split(searchPath(environment), ":") {
		candidate := path.Join(absolute(place, directory), name)
		if err := executable(candidate); err != nil {
			if errors.Is(err, fs.ErrPermission) {
				forbidden = err
			}
			continue
		}
		program, err := examine(builder, candidate)
		if err != nil {
			incomplete = err
			continue
		}
		found = append(found, program)
	}
	if len(found) > 0 {
		return found, nil
	}
	return nil, cmp.Or(forbidden, incomplete, errNotFound)
}

func absolute(name, directory string) string {
	if path.IsAbs(name) {
		return name
	}
	return path.Join(directory, name)
}

// examine looks into a file that may be the program.
func examine(builder *rootfs.Builder, name string) (handoff.Program, error) {
	program := handoff.Program{Path: name}
	head := headOf(builder, name)
	if head == nil {
		return program, nil
	}
	program.Format = formatOf(head)
	return program, interpretable(head)
}

func searchPath(environment []string) string {
	for _, entry := range environment {
		if value, is := strings.CutPrefix(entry, "PATH="); is {
			return value
		}
	}
	return defaultPath
}

// executable refuses a file that nobody may execute. A file that the child itself cannot
// reach is accepted: the program's user may be able to, as on a network file system that
// maps root to nobody.
func executable(name string) error {
	var stat unix.Stat_t
	err := unix.Stat(name, &stat)
	switch {
	case errors.Is(err, unix.EACCES):
		return nil
	case err != nil:
		return named("stat", name, err)
	case stat.Mode&unix.S_IFMT == unix.S_IFDIR:
		return named("stat", name, unix.EISDIR)
	case stat.Mode&unix.S_IFMT != unix.S_IFREG, stat.Mode&0o111 == 0:
		return named("stat", name, unix.EACCES)
	}
	return nil
}
