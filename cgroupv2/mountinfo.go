package cgroupv2

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
)

// Bounds for reading /proc/self/mountinfo: the kernel's default for fs.mount-max, and a
// line with two paths of the greatest length, fully escaped.
const (
	maxMounts    = 100_000
	maxMountLine = 64 << 10
)

// mount is one line of mountinfo (proc_pid_mountinfo(5)) of type cgroup or cgroup2.
type mount struct {
	root    string // the group that is the mount's root
	point   string // where it is mounted
	kind    string // "cgroup" or "cgroup2"
	options string // super options: in cgroup v1 they name the controllers
}

// cgroupMounts returns the mounts of both cgroup versions in the order of mountinfo.
func cgroupMounts() ([]mount, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parseMounts(f)
}

func parseMounts(r io.Reader) ([]mount, error) {
	var mounts []mount
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), maxMountLine)
	for n := 0; lines.Scan(); n++ {
		if n == maxMounts {
			return nil, fmt.Errorf("/proc/self/mountinfo has more than %d lines", maxMounts)
		}
		// A host may have thousands of mounts: avoid allocating for the others.
		line := lines.Bytes()
		if !bytes.Contains(line, []byte(" - cgroup")) {
			continue
		}
		if m, ok := parseMount(string(line)); ok {
			mounts = append(mounts, m)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("/proc/self/mountinfo: %w", err)
	}
	return mounts, nil
}

func parseMount(line string) (mount, bool) {
	// The separator cannot occur in a field, because spaces are escaped.
	before, after, _ := strings.Cut(line, " - ")
	place := strings.Fields(before) // id, parent, device, root, mount point, options, tags…
	what := strings.Fields(after)   // type, source, super options
	if len(place) < 6 || len(what) < 3 || (what[0] != "cgroup" && what[0] != "cgroup2") {
		return mount{}, false
	}
	return mount{root: unescape(place[3]), point: unescape(place[4]), kind: what[0], options: what[2]}, true
}

// unescape undoes the octal escapes of mountinfo: \040 is a space.
func unescape(field string) string {
	if !strings.Contains(field, `\`) {
		return field
	}
	var out strings.Builder
	for i := 0; i < len(field); i++ {
		if field[i] == '\\' && i+3 < len(field) && isOctal(field[i+1:i+4]) {
			out.WriteByte((field[i+1]-'0')<<6 | (field[i+2]-'0')<<3 | (field[i+3] - '0'))
			i += 3
			continue
		}
		out.WriteByte(field[i])
	}
	return out.String()
}

func isOctal(digits string) bool {
	return strings.Trim(digits, "01234567") == ""
}
