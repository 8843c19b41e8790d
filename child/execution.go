package child

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/child/handoff"
	childmachine "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// last prepares the execution: what is found out now need not be found out, and
// cannot fail, once limits are in force.
func (c *child) last(op *protocol.Execute) (machine.Event, error) {
	program, err := find(c.left.Arguments[0], c.left.Environment, op.Directory)
	if err == nil {
		if head := headOf(c.builder, program); head != nil {
			c.left.Format = formatOf(head)
			err = interpretable(head)
		}
	}
	if err != nil {
		fault := protocol.Explain(protocol.CodeExec, fmt.Errorf("exec: %q: %w", c.left.Arguments[0], err))
		fault.Path = "process.args[0]"
		return "", fault
	}
	c.left.Execute, c.left.Path = op, program
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

// defaultPath is where a program is looked for if the environment has no PATH.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

var errNotFound = errors.New("executable file not found in $PATH")

// find does what a shell does with the first word of a command: a name with a
// slash is taken as it stands, from the working directory; any other is looked
// for in PATH.
func find(name string, environment []string, directory string) (string, error) {
	if strings.Contains(name, "/") {
		if !path.IsAbs(name) {
			name = path.Join(directory, name)
		}
		return name, executable(name)
	}
	if name == "" {
		return "", errNotFound
	}
	forbidden := error(nil)
	for _, place := range strings.Split(searchPath(environment), ":") {
		if !path.IsAbs(place) {
			place = path.Join(directory, place)
		}
		candidate := path.Join(place, name)
		switch err := executable(candidate); {
		case err == nil:
			return candidate, nil
		case errors.Is(err, fs.ErrPermission):
			forbidden = err
		}
	}
	if forbidden != nil {
		return "", forbidden
	}
	return "", errNotFound
}

func searchPath(environment []string) string {
	for _, entry := range environment {
		if value, is := strings.CutPrefix(entry, "PATH="); is {
			return value
		}
	}
	return defaultPath
}

func executable(name string) error {
	var stat unix.Stat_t
	if err := unix.Stat(name, &stat); err != nil {
		return named("stat", name, err)
	}
	switch {
	case stat.Mode&unix.S_IFMT == unix.S_IFDIR:
		return named("stat", name, unix.EISDIR)
	case stat.Mode&unix.S_IFMT != unix.S_IFREG, stat.Mode&0o111 == 0:
		return named("stat", name, unix.EACCES)
	}
	return nil
}
