package bundle

import (
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// RelativeMapping is a line of an ID mapping in a mount option.
type RelativeMapping struct {
	specs.LinuxIDMapping
	// InContainer says that HostID is an ID in the container's user namespace.
	InContainer bool
}

// idMapValue describes the value of idmap and ridmap, for error messages. It is an
// extension by crun (crun(1), "idmap mount options") that Podman uses.
const idMapValue = `"uids=FILE-HOST-SIZE" and "gids=FILE-HOST-SIZE" with ";" between them, more than one of them with "#", and "@" before those whose HOST counts in the container`

// addMappings parses the value of idmap or ridmap.
func (o *MountOptions) addMappings(path, value string) error {
	for part := range strings.SplitSeq(value, ";") {
		kind, list, _ := strings.Cut(part, "=")
		var to *[]RelativeMapping // not from a map, which would move all options to the heap
		switch kind {
		case "uids":
			to = &o.UIDs
		case "gids":
			to = &o.GIDs
		}
		if to == nil || len(*to) > 0 {
			return refuse(path, quote(part)+" is no mapping of owners, or another one", idMapValue)
		}
		for triplet := range strings.SplitSeq(list, "#") {
			mapping, ok := parseTriplet(triplet)
			if !ok {
				return refuse(path, quote(triplet)+" is no mapping of owners", idMapValue)
			}
			*to = append(*to, mapping)
		}
	}
	if len(o.UIDs) == 0 || len(o.GIDs) == 0 {
		return refuse(path, quote(value)+" maps only users or only groups", idMapValue)
	}
	return nil
}

func parseTriplet(text string) (RelativeMapping, bool) {
	var mapping RelativeMapping
	text, mapping.InContainer = strings.CutPrefix(text, "@")
	numbers := strings.Split(text, "-")
	if len(numbers) != 3 {
		return mapping, false
	}
	for i, to := range []*uint32{&mapping.ContainerID, &mapping.HostID, &mapping.Size} {
		number, err := strconv.ParseUint(numbers[i], 10, 32)
		if err != nil {
			return mapping, false
		}
		*to = uint32(number)
	}
	return mapping, true
}

// absolute converts mappings to host IDs, given the mapping of the container's user
// namespace. It returns false if that lacks an ID, or if a range does not fit into one of
// its ranges.
func absolute(mappings []RelativeMapping, namespace []specs.LinuxIDMapping) ([]specs.LinuxIDMapping, bool) {
	var all []specs.LinuxIDMapping
	for _, relative := range mappings {
		mapping := relative.LinuxIDMapping
		if relative.InContainer {
			host, ok := translate(namespace, mapping.HostID, mapping.Size)
			if !ok {
				return nil, false
			}
			mapping.HostID = host
		}
		all = append(all, mapping)
	}
	return all, true
}

// translate returns the first host ID for a range of the container's IDs.
func translate(namespace []specs.LinuxIDMapping, first, size uint32) (uint32, bool) {
	for _, m := range namespace {
		if first >= m.ContainerID && uint64(first)+uint64(size) <= uint64(m.ContainerID)+uint64(m.Size) {
			return m.HostID + (first - m.ContainerID), true
		}
	}
	return 0, false
}
