package systemd

import (
	"fmt"
	"strings"
)

// Unit is where systemd puts a container: a scope in a slice.
type Unit struct {
	// Name is the scope's name, such as fsrun-web.scope.
	Name string
	// Slice is the slice's name, such as system.slice, or -.slice for the root.
	Slice string
}

// Defaults for parts of a path that are empty.
const (
	systemSlice   = "system.slice"
	userSlice     = "user.slice"
	defaultPrefix = "fsrun"
)

// rootSlice is the slice at the top of the tree (systemd.slice(5)).
const rootSlice = "-.slice"

// maxUnitName is the longest name of a unit, including its suffix (systemd.unit(5)).
const maxUnitName = 255

const (
	scopeSuffix = ".scope"
	sliceSuffix = ".slice"
)

// pathPlace is the JSON path named in errors about a path.
const pathPlace = "linux.cgroupsPath"

// PathError says why a path does not name a scope.
type PathError struct {
	Path    string // as given
	Found   string // what is wrong with it
	Allowed string
}

func (e *PathError) Error() string {
	return fmt.Sprintf("%s: %q %s; allowed: %s", pathPlace, e.Path, e.Found, e.Allowed)
}

// form describes a path, for error messages.
const form = "SLICE:PREFIX:NAME, such as system.slice:fsrun:web, each of which may be empty but NAME, or no path at all"

// IsPath reports whether a path has the format that [ParsePath] expects. A path for the
// cgroup file system is unlikely to contain two colons, so an engine that is configured for
// one driver while the runtime uses the other gets an error that says so.
func IsPath(path string) bool {
	return strings.Count(path, ":") == 2 && !strings.HasPrefix(path, "/")
}

// ParsePath parses linux.cgroupsPath like the systemd driver of every OCI runtime:
// SLICE:PREFIX:NAME is the scope PREFIX-NAME.scope in SLICE. An empty path means :fsrun:ID;
// an empty slice means system.slice, or user.slice for a user's own manager; the slice - is
// the root. Characters that a unit's name cannot contain are escaped (systemd.unit(5),
// "String Escaping for Inclusion in Unit Names").
func ParsePath(path, id string, user bool) (Unit, error) {
	given := path
	if path == "" {
		path = ":" + defaultPrefix + ":" + id
	}
	refuse := func(found, allowed string) (Unit, error) {
		return Unit{}, &PathError{Path: given, Found: found, Allowed: allowed}
	}
	parts := strings.Split(path, ":")
	if len(parts) != 3 {
		return refuse("is not of systemd's form", form)
	}
	slice, prefix, name := parts[0], parts[1], parts[2]
	switch {
	case name == "":
		return refuse("has an empty NAME", form)
	case strings.ContainsAny(prefix+name, "/\x00"):
		return refuse("has a slash or NUL in PREFIX or NAME", form)
	case strings.HasSuffix(name, sliceSuffix):
		return refuse("names a slice, and processes live in scopes only", "a NAME without "+sliceSuffix)
	}
	slice, err := sliceName(slice, user)
	if err != nil {
		return refuse(err.Error(), "a slice's name such as system.slice, a-b.slice or -")
	}
	if prefix != "" {
		name = prefix + "-" + name
	}
	unit := Unit{Name: escape(strings.TrimSuffix(name, scopeSuffix)) + scopeSuffix, Slice: slice}
	if len(unit.Name) > maxUnitName {
		return refuse(fmt.Sprintf("makes a name of %d bytes", len(unit.Name)), fmt.Sprintf("names of at most %d bytes", maxUnitName))
	}
	return unit, nil
}

// sliceName checks a slice's name and fills in the default. The slice a-b.slice is in
// a.slice: its name is its path, so it has no slash, and no dash at either end or next to
// another (systemd.slice(5)).
func sliceName(slice string, user bool) (string, error) {
	switch slice {
	case "":
		if user {
			return userSlice, nil
		}
		return systemSlice, nil
	case "-", rootSlice:
		return rootSlice, nil
	}
	stem, isSlice := strings.CutSuffix(slice, sliceSuffix)
	switch {
	case !isSlice:
		return "", fmt.Errorf("has the SLICE %q, whose name does not end in %s", slice, sliceSuffix)
	case stem == "" || strings.HasPrefix(stem, "-") || strings.HasSuffix(stem, "-") || strings.Contains(stem, "--"):
		return "", fmt.Errorf("has the SLICE %q, of which a part between dashes is empty", slice)
	case escape(stem) != stem:
		return "", fmt.Errorf("has the SLICE %q with a character that no unit's name has", slice)
	case len(slice) > maxUnitName:
		return "", fmt.Errorf("has a SLICE of %d bytes", len(slice))
	}
	return slice, nil
}

// escape replaces bytes that a unit's name cannot contain by \xHH.
func escape(name string) string {
	var escaped strings.Builder
	for _, b := range []byte(name) {
		if isUnitByte(b) {
			escaped.WriteByte(b)
		} else {
			fmt.Fprintf(&escaped, `\x%02x`, b)
		}
	}
	return escaped.String()
}

func isUnitByte(b byte) bool {
	switch {
	case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9':
		return true
	}
	return strings.IndexByte(`:-_.\`, b) >= 0
}
