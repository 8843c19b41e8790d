package probe

import (
	"os"
	"strings"
)

// Mount is a line of /proc/self/mountinfo.
type Mount struct {
	Root, Point, Options string
	Propagation          string // the optional fields, without the numbers of peer groups
	Filesystem, Source   string
	Superblock           string // the file system's options
}

func mounts() []Mount {
	content, _ := os.ReadFile("/proc/self/mountinfo")
	return ParseMounts(string(content))
}

// ParseMounts parses the format of proc_pid_mountinfo(5).
func ParseMounts(content string) []Mount {
	var found []Mount
	for line := range strings.Lines(content) {
		before, after, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " - ")
		fields, rest := strings.Fields(before), strings.SplitN(after, " ", 3)
		if !ok || len(fields) < 6 || len(rest) < 3 {
			continue
		}
		var propagation []string
		for _, field := range fields[6:] {
			kind, _, _ := strings.Cut(field, ":")
			propagation = append(propagation, kind)
		}
		found = append(found, Mount{
			Root: fields[3], Point: fields[4], Options: fields[5], Propagation: strings.Join(propagation, " "),
			Filesystem: rest[0], Source: rest[1], Superblock: rest[2],
		})
	}
	return found
}
