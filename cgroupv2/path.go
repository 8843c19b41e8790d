package cgroupv2

import (
	"fmt"
	"strings"
)

// Bounds of a cgroup path. The kernel bounds a component by NAME_MAX and a path by
// PATH_MAX; the limit on depth keeps walks short.
const (
	maxPathBytes = 4096
	maxNameBytes = 255
	maxPathDepth = 64
)

// PathError says why a cgroup path is not acceptable.
type PathError struct {
	Path   string // as given
	Reason string
}

func (e *PathError) Error() string {
	return fmt.Sprintf("cgroup path %q: %s", e.Path, e.Reason)
}

// split splits a path into its components. "/a/b" and "a/b" are the same: both are beneath
// the tree. Nothing is cleaned or resolved: a path that would need it is refused, so that
// the config, the record and the kernel all use the same name.
func split(path string) ([]string, error) {
	refuse := func(format string, args ...any) ([]string, error) {
		return nil, &PathError{Path: path, Reason: fmt.Sprintf(format, args...)}
	}
	if len(path) > maxPathBytes {
		return refuse("longer than %d bytes", maxPathBytes)
	}
	trimmed := strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	if trimmed == "" {
		return refuse("names the root of the tree, not a group beneath it")
	}
	names := strings.Split(trimmed, "/")
	if len(names) > maxPathDepth {
		return refuse("deeper than %d groups", maxPathDepth)
	}
	for _, name := range names {
		switch {
		case name == "":
			return refuse("has an empty component")
		case name == "." || name == "..":
			return refuse("the component %q is not allowed: a group must lie beneath the tree", name)
		case len(name) > maxNameBytes:
			return refuse("has a component longer than %d bytes", maxNameBytes)
		case strings.ContainsAny(name, "\x00\n"):
			return refuse("has a NUL or a newline in the component %q", name)
		}
	}
	return names, nil
}

// join is the inverse of split. The result always has a leading slash.
func join(names []string) string {
	return "/" + strings.Join(names, "/")
}
