package seccomp

import "slices"

// aliases lists alternative names of calls in syscallNames, as {alias, name}.
var aliases = [...][2]string{
	{"sync_file_range2", "arm_sync_file_range"},
}

// lookup returns the index of a system call name in syscallNames.
func lookup(name string) (int, bool) {
	if i, ok := slices.BinarySearch(syscallNames[:], name); ok {
		return i, true
	}
	for _, alias := range aliases {
		if alias[0] == name {
			return slices.BinarySearch(syscallNames[:], alias[1])
		}
	}
	return 0, false
}
