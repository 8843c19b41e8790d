package bundle

import (
	"cmp"
	"os"
	"slices"
	"strconv"

	"github.com/opencontainers/runtime-spec/specs-go"
)

const (
	// MaxMappings is how many lines the kernel accepts in a uid_map or gid_map
	// (user_namespaces(7), since Linux 4.15).
	MaxMappings = 340
	// MaxID is the highest user or group ID. The system calls that set IDs take the next
	// one to mean "no change".
	MaxID = 1<<32 - 2
)

// checkMappings refuses what the kernel would refuse with nothing but EINVAL.
func checkMappings(path string, mappings []specs.LinuxIDMapping) error {
	if len(mappings) > MaxMappings {
		return refuse(path, strconv.Itoa(len(mappings))+" mappings", "at most "+strconv.Itoa(MaxMappings)+" (user_namespaces(7))")
	}
	if size := len(MapLines(mappings)); size >= os.Getpagesize() {
		return refuse(path, strconv.Itoa(size)+" bytes of map", "fewer than "+strconv.Itoa(os.Getpagesize())+", a page (user_namespaces(7))")
	}
	for i, m := range mappings {
		at := index(path, i)
		if m.Size == 0 {
			return refuse(at+".size", "0", "1.."+strconv.Itoa(MaxID+1))
		}
		for _, side := range []struct {
			name  string
			first uint32
		}{{"containerID", m.ContainerID}, {"hostID", m.HostID}} {
			if last := uint64(side.first) + uint64(m.Size) - 1; last > MaxID {
				return refuse(at+"."+side.name, decimal(side.first)+" and size "+decimal(m.Size)+" reach id "+strconv.FormatUint(last, 10), "ids up to "+strconv.Itoa(MaxID))
			}
		}
	}
	if err := checkOverlap(path, "containerID", mappings, func(m specs.LinuxIDMapping) uint32 { return m.ContainerID }); err != nil {
		return err
	}
	return checkOverlap(path, "hostID", mappings, func(m specs.LinuxIDMapping) uint32 { return m.HostID })
}

// MapLines returns what to write to a uid_map or gid_map in a single call.
func MapLines(mappings []specs.LinuxIDMapping) []byte {
	var lines []byte
	for _, m := range mappings {
		lines = strconv.AppendUint(lines, uint64(m.ContainerID), 10)
		lines = strconv.AppendUint(append(lines, ' '), uint64(m.HostID), 10)
		lines = append(strconv.AppendUint(append(lines, ' '), uint64(m.Size), 10), '\n')
	}
	return lines
}

// checkOverlap sorts the ranges on one side and compares neighbours.
func checkOverlap(path, side string, mappings []specs.LinuxIDMapping, first func(specs.LinuxIDMapping) uint32) error {
	order := make([]int, len(mappings))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(first(mappings[a]), first(mappings[b])) })
	for i := 1; i < len(order); i++ {
		lower, upper := order[i-1], order[i]
		if uint64(first(mappings[lower]))+uint64(mappings[lower].Size) > uint64(first(mappings[upper])) {
			later, earlier := max(lower, upper), min(lower, upper)
			return refuse(index(path, later)+"."+side, "the range overlaps that of "+index(path, earlier), "ranges that share no id")
		}
	}
	return nil
}

// mapCaller completes a new user namespace without any mappings with the only ones that a
// user without privileges can write: root inside is the caller outside
// (user_namespaces(7)). Some tools write rootless bundles that leave this to the runtime.
// For a privileged caller nothing is assumed.
func mapCaller(spec *specs.Spec, uid, gid int) {
	namespace := FindNamespace(spec, specs.UserNamespace)
	if uid == 0 || namespace == nil || namespace.Path != "" || len(spec.Linux.UIDMappings)+len(spec.Linux.GIDMappings) > 0 {
		return
	}
	spec.Linux.UIDMappings = []specs.LinuxIDMapping{{HostID: uint32(uid), Size: 1}}
	spec.Linux.GIDMappings = []specs.LinuxIDMapping{{HostID: uint32(gid), Size: 1}}
}

// HostUID returns the user ID that a user of the container has for the runtime. It is
// unknown if the container joins a user namespace and the bundle does not give its
// mappings.
func HostUID(spec *specs.Spec, uid uint32) (host uint32, known bool) {
	if FindNamespace(spec, specs.UserNamespace) == nil {
		return uid, true
	}
	return hostID(spec.Linux.UIDMappings, uid)
}

// mapped reports whether an ID in the container is mapped to the host.
func mapped(mappings []specs.LinuxIDMapping, id uint32) bool {
	_, is := hostID(mappings, id)
	return is
}

func hostID(mappings []specs.LinuxIDMapping, id uint32) (host uint32, is bool) {
	for _, m := range mappings {
		if id >= m.ContainerID && uint64(id) < uint64(m.ContainerID)+uint64(m.Size) {
			return m.HostID + (id - m.ContainerID), true
		}
	}
	return 0, false
}

func decimal(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
