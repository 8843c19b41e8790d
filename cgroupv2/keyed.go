package cgroupv2

import (
	"strconv"
	"strings"
)

// keyedFile is an interface file with one line for each device or resource, of which a
// write changes only one (cgroup-v2.rst, "Format").
type keyedFile struct {
	name string
	// unset, written after the key, makes the kernel no longer show the line.
	unset string
}

var keyedFiles = [...]keyedFile{
	{"io.max", "rbps=max wbps=max riops=max wiops=max"},
	{"io.weight", "default"},
	{"io.bfq.weight", "default"},
	{"io.latency", "target=max"},
	{"rdma.max", "hca_handle=max hca_object=max"},
	{"misc.max", "max"},
	{"dmem.max", "max"},
	{"dmem.min", "0"},
	{"dmem.low", "0"},
}

// keyed returns the entry for the file, or nil.
func keyed(file string) *keyedFile {
	for i := range keyedFiles {
		if keyedFiles[i].name == file {
			return &keyedFiles[i]
		}
	}
	return nil
}

func isKeyed(file string) bool { return keyed(file) != nil }

// shown returns the part of a file's content that corresponds to a value: the line of the
// value's key, "" if there is none, or everything if the file has no keys.
func shown(file, content, value string) string {
	if !isKeyed(file) {
		return content
	}
	key, _, _ := strings.Cut(value, " ")
	for line := range strings.SplitSeq(content, "\n") {
		if line == key || strings.HasPrefix(line, key+" ") {
			return line
		}
	}
	return ""
}

// undoing returns what to write after value so that the file shows before again.
func undoing(file, before, value string) string {
	k := keyed(file)
	if k == nil || before != "" {
		return before
	}
	key, _, _ := strings.Cut(value, " ")
	return key + " " + k.unset
}

// flatKeyed parses lines of the form "NAME NUMBER". It skips others: later kernels may add
// some.
func flatKeyed(content string) map[string]uint64 {
	values := make(map[string]uint64, 8)
	for line := range strings.SplitSeq(content, "\n") {
		name, number, _ := strings.Cut(line, " ")
		if n, err := strconv.ParseUint(number, 10, 64); err == nil {
			values[name] = n
		}
	}
	return values
}
