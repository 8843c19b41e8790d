package parent

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/parent/console"
	"github.com/fsrun/fsrun/parent/plan"
)

// giveStdio gives inherited standard descriptors to the program's user, who otherwise could
// not reopen /dev/stdout (SPEC.md, M-ACT-14). Mappings is the uid_map of the program's user
// namespace, nil if that is ours.
func giveStdio(user uint32, mappings []specs.LinuxIDMapping, stdio [3]int) error {
	owner, has := hostID(mappings, user)
	if !has || owner == os.Geteuid() {
		return nil
	}
	if err := console.Stdio(owner, stdio[:]...); err != nil {
		return fmt.Errorf("give the standard descriptors to user %d, the program's: %w", owner, err)
	}
	return nil
}

// hostID converts the ID of a user in another user namespace to our own; false if the ID is
// not mapped.
func hostID(mappings []specs.LinuxIDMapping, id uint32) (int, bool) {
	if mappings == nil {
		return int(id), true
	}
	for _, mapping := range mappings {
		if id >= mapping.ContainerID && id-mapping.ContainerID < mapping.Size {
			return int(mapping.HostID) + int(id-mapping.ContainerID), true
		}
	}
	return 0, false
}

// giveStdio gives the standard descriptors to a container's init. The mappings of a new
// user namespace have not been written yet, and those of a joined one must be read from the
// kernel.
func (h *handshake) giveStdio() error {
	spec := h.bundle.Spec
	if spec.Process.Terminal {
		return nil
	}
	var mappings []specs.LinuxIDMapping
	if h.plan.UserMaps {
		mappings = spec.Linux.UIDMappings
	} else if slices.ContainsFunc(h.plan.Join, func(join plan.Namespace) bool { return join.Type == unix.CLONE_NEWUSER }) {
		var err error
		if mappings, err = mappingsOf(h.child.pid); err != nil {
			return err
		}
	}
	return giveStdio(spec.Process.User.UID, mappings, h.options.Stdio)
}

// giveStdio gives the standard descriptors to a process that joins a container.
func (j *joining) giveStdio() error {
	process := j.options.Process
	if process.Terminal {
		return nil
	}
	var mappings []specs.LinuxIDMapping
	if !j.users.ours {
		var err error
		if mappings, err = readMappings(j.child.pid); err != nil {
			return err
		}
	}
	return giveStdio(process.User.UID, mappings, j.options.Stdio)
}

// mappingsOf reads the uid_map of a process's user namespace, in terms of our IDs. It
// returns nil if that namespace is ours: the kernel then shows the IDs of the one above
// (user_namespaces(7)).
func mappingsOf(pid int) ([]specs.LinuxIDMapping, error) {
	ours, err := isOwnUser(fmt.Sprintf("/proc/%d/ns/user", pid))
	if err != nil || ours {
		return nil, err
	}
	return readMappings(pid)
}

// readMappings reads the UID map of a process's user namespace, which is not ours.
func readMappings(pid int) ([]specs.LinuxIDMapping, error) {
	name := fmt.Sprintf("/proc/%d/uid_map", pid)
	content, err := sys.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var mappings []specs.LinuxIDMapping
	for line := range strings.Lines(string(content)) {
		var numbers []uint32
		for _, field := range strings.Fields(line) {
			number, err := strconv.ParseUint(field, 10, 32)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			numbers = append(numbers, uint32(number))
		}
		if len(numbers) != 3 {
			return nil, fmt.Errorf("%s: the line %q; the kernel writes three numbers", name, line)
		}
		mappings = append(mappings, specs.LinuxIDMapping{ContainerID: numbers[0], HostID: numbers[1], Size: numbers[2]})
	}
	return mappings, nil
}
