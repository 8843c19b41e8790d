package bundle

import "github.com/opencontainers/runtime-spec/specs-go"

// UnsupportedProperty is a property that this runtime does not support yet.
type UnsupportedProperty struct {
	// Path is its JSON path, with [] for any element of a list.
	Path string
	// find returns the path at which a configuration sets it, or "".
	find func(*specs.Spec) string
}

// Unsupported lists the properties that are refused by name when set: what is asked for and
// cannot be had is never skipped silently. A row is removed once the runtime supports the
// property.
var Unsupported = [...]UnsupportedProperty{
	{"vm", func(s *specs.Spec) string {
		return when(s.VM != nil, "vm")
	}},
}

func checkUnsupported(spec *specs.Spec) error {
	for i := range Unsupported {
		if path := Unsupported[i].find(spec); path != "" {
			return refuse(path, "is set, but this runtime does not support it yet", "to leave it out")
		}
	}
	return nil
}

func when(set bool, path string) string {
	if set {
		return path
	}
	return ""
}
