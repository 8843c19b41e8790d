package rootfs

import (
	"fmt"
	"strconv"
	"strings"
)

// mountEntry holds the fields of a mountinfo line that are needed here.
type mountEntry struct {
	id, parent uint64
	path       string // the mount point, relative to the process's root
}

// parseMountInfo parses /proc/PID/mountinfo (proc_pid_mountinfo(5)).
func parseMountInfo(table string) ([]mountEntry, error) {
	var mounts []mountEntry
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			return nil, fmt.Errorf("mount table line %q", line)
		}
		id, err := strconv.ParseUint(fields[0], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("mount id %q", fields[0])
		}
		parent, err := strconv.ParseUint(fields[1], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("parent mount id %q", fields[1])
		}
		mounts = append(mounts, mountEntry{id: id, parent: parent, path: unescapeMountPoint.Replace(fields[4])})
	}
	return mounts, nil
}

// unescapeMountPoint undoes the kernel's escapes for characters that would break a line.
var unescapeMountPoint = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`, `\043`, "#")
