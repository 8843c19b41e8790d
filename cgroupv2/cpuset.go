package cgroupv2

import (
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Bounds of a list of CPUs or memory nodes. No kernel is built for more CPUs.
const (
	maxListBytes = 4096
	maxListEntry = 8191
)

// computeCpuset converts the sets of linux.resources.cpu.
func computeCpuset(b *builder, r *specs.LinuxResources) error {
	if r.CPU == nil {
		return nil
	}
	for _, set := range [...]struct{ path, file, list string }{
		{"cpu.cpus", "cpuset.cpus", r.CPU.Cpus},
		{"cpu.mems", "cpuset.mems", r.CPU.Mems},
	} {
		if set.list == "" {
			continue
		}
		if _, ok := parseList(set.list); !ok {
			return refuse(resources+"."+set.path, strconv.Quote(set.list),
				"numbers 0…%d and ranges separated by commas, such as 0-3,7", maxListEntry)
		}
		b.add(set.path, set.file, set.list, sameList)
	}
	return nil
}

// parseList parses a list such as "0-3,7" (cpuset(7), "List format") into a bit for each
// member.
func parseList(list string) (members [(maxListEntry + 64) / 64]uint64, ok bool) {
	if len(list) > maxListBytes {
		return members, false
	}
	for entry := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(entry, "-")
		from, err := strconv.ParseUint(first, 10, 16)
		to := from
		if err == nil && isRange {
			to, err = strconv.ParseUint(last, 10, 16)
		}
		if err != nil || to < from || to > maxListEntry {
			return members, false
		}
		for n := from; n <= to; n++ {
			members[n/64] |= 1 << (n % 64)
		}
	}
	return members, true
}

// sameList compares the content of cpuset files, which the kernel shows in the shortest
// form.
func sameList(asked, got string) bool {
	a, ok := parseList(asked)
	b, okB := parseList(got)
	return ok && okB && a == b
}

// within reports whether every member of the list inner is in the list outer.
func within(inner, outer string) bool {
	in, ok := parseList(inner)
	out, okOut := parseList(outer)
	if !ok || !okOut {
		return false
	}
	for i := range in {
		if in[i]&^out[i] != 0 {
			return false
		}
	}
	return true
}
