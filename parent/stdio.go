package parent

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/parent/console"
)

// hostRoot is the id in the runtime namespace of a user namespace's root user;
// false if it has none.
func hostRoot(mappings []specs.LinuxIDMapping) (int, bool) {
	for _, mapping := range mappings {
		if mapping.ContainerID == 0 && mapping.Size > 0 {
			return int(mapping.HostID), true
		}
	}
	return 0, false
}

// giveStdio gives inherited standard descriptors to the container's root user,
// who could else not open /dev/stdout anew.
func giveStdio(mappings []specs.LinuxIDMapping, stdio [3]int) error {
	root, has := hostRoot(mappings)
	if !has || root == os.Geteuid() {
		return nil
	}
	if err := console.Stdio(root, stdio[:]...); err != nil {
		return fmt.Errorf("give the standard descriptors to user %d, the container's root: %w", root, err)
	}
	return nil
}

// mappingsOf reads the uid map of a process's user namespace.
func mappingsOf(pid int) ([]specs.LinuxIDMapping, error) {
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
