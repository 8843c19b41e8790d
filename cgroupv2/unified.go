package cgroupv2

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Bounds of a unified entry. The kernel accepts at most a page per write.
const (
	maxUnifiedKey   = 128
	maxUnifiedValue = 64 << 10
	maxUnifiedLine  = 4095
)

// reserved lists the files that the runtime uses to move, stop and kill processes and to
// enable controllers. A config must not write them behind its back.
var reserved = [...]string{
	"cgroup.procs", "cgroup.threads", "cgroup.freeze", "cgroup.kill", "cgroup.type", "cgroup.subtree_control",
}

// computeUnified adds linux.resources.unified (config-linux.md, "Unified"), sorted by file.
// Files unknown to this package are written all the same. An entry replaces what other
// fields asked of the same file: Kubernetes relies on that to set memory.swap.max.
func computeUnified(b *builder, r *specs.LinuxResources) error {
	for _, file := range slices.Sorted(maps.Keys(r.Unified)) {
		value := r.Unified[file]
		if err := validateUnified(file, value); err != nil {
			return err
		}
		if !isKeyed(file) {
			b.replace(file)
		}
		path := fmt.Sprintf("unified[%q]", file)
		for line := range strings.SplitSeq(strings.TrimRight(value, "\n"), "\n") {
			b.add(path, file, line, nil)
		}
	}
	return nil
}

func validateUnified(file, value string) error {
	path := resources + ".unified"
	controller, rest, _ := strings.Cut(file, ".")
	switch {
	case len(file) > maxUnifiedKey:
		return refuse(path, fmt.Sprintf("a name of %d bytes", len(file)), "at most %d bytes", maxUnifiedKey)
	case controller == "" || rest == "" || strings.Trim(controller, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" ||
		strings.Contains(file, "..") || strings.ContainsAny(file, "/\x00\n\t "):
		return refuse(path, strconv.Quote(file), "the name of one cgroup file, a controller's name or cgroup before the first dot, such as memory.high")
	case slices.Contains(reserved[:], file):
		return refuse(path, strconv.Quote(file), "the runtime itself controls this file")
	case len(value) > maxUnifiedValue:
		return refuse(fmt.Sprintf("%s[%q]", path, file), fmt.Sprintf("a value of %d bytes", len(value)), "at most %d bytes", maxUnifiedValue)
	}
	for line := range strings.SplitSeq(value, "\n") {
		if len(line) > maxUnifiedLine || strings.Contains(line, "\x00") {
			return refuse(fmt.Sprintf("%s[%q]", path, file), strconv.Quote(line[:min(32, len(line))]+"…"), "lines of at most %d bytes without NUL", maxUnifiedLine)
		}
	}
	return nil
}

// replace removes what other fields asked of the file.
func (b *builder) replace(file string) {
	b.limits.items = slices.DeleteFunc(b.limits.items, func(it item) bool { return it.File == file })
}
