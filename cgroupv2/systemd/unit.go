package systemd

import (
	"fmt"
	"strings"
)

// Unit is where systemd puts a container: a scope and the slice it lies in.
type Unit struct {
	// Name is the scope's name, such as fsrun-web.scope.
	Name string
	// Slice is the slice's name, such as system.slice or -.slice, the root.
	Slice string
}

// Defaults of the parts of a path that are left empty.
const (
	systemSlice   = "system.slice"
	userSlice     = "user.slice"
	defaultPrefix = "fsrun"
)

// rootSlice is the slice at the top of the tree (systemd.slice(5)).
const rootSlice = "-.slice"

// maxUnitName is the longest name of a unit, its suffix included (systemd.unit(5)).
const maxUnitName = 255

const (
	scopeSuffix = ".scope"
	sliceSuffix = ".slice"
)

// pathPlace is the JSON path that errors about a path name.
const pathPlace = "linux.cgroupsPath"

// PathError says why a path names no scope.
type PathError struct {
	Path    string // as it was given
	Found   string // what is wrong with it
	Allowed string
}

func (e *PathError) Error() string {
	return fmt.Sprintf("%s: %q %s; allowed: %s", pathPlace, e.Path, e.Found, e.Allowed)
}

// form is the form of a path.
const form = "SLICE:PREFIX:NAME, such as system.slice:fsrun:web, each of which may be empty but NAME, or no path at all"

// IsPath reports whether a path has the form that [ParsePath] takes. One for the
// cgroup file system never has two colons by chance only: engines that are set up
// for one driver while the runtime is told the other are told so.
func IsPath(path string) bool {
	return strings.Count(path, ":") == 2 && !strings.HasPrefix(path, "/")
}

// ParsePath reads linux.cgroupsPath as the systemd driver of every OCI runtime does:
// SLICE:PREFIX:NAME is the scope PREFIX-NAME.scope in SLICE. An empty path is
// :fsrun:ID; an empty slice is system.slice, or user.slice of a user's own manager;
// the slice - is the root. What a unit's name may not hold is escaped
// (systemd.unit(5), "String Escaping for Inclusion in Unit Names").
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

// sliceName checks the name of a slice and fills in the default. a-b.slice lies in
// a.slice: its name is its path, so it has no slash, and no dash that stands alone
// (systemd.slice(5)).
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

// escape replaces the bytes that a unit's name may not hold by \xHH.
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
