package wrap

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// private are the directories that the container gets its own of: where programs leave
// things for others, and where they find others' services.
var private = []specs.Mount{
	{Destination: "/tmp", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "nodev", "mode=1777"}},
	{Destination: "/run", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "nodev", "mode=755", "size=65536k"}},
}

// kernel lists the top-level directories that are mounted for every container.
var kernel = []string{"dev", "proc", "sys"}

// files returns the mounts of the host's files, without those of the kernel's views. The
// root's own mount is made read-only elsewhere.
func files(o *Options) ([]specs.Mount, error) {
	mounts, err := readOnlyTops()
	if err != nil {
		return nil, err
	}
	mounts = append(mounts, private...)
	for _, path := range shown(o) {
		mounts = append(mounts, bindMount(path, "rro"))
	}
	for _, path := range o.Writable {
		if err := checkWritable(path); err != nil {
			return nil, err
		}
		mounts = append(mounts, bindMount(path))
	}
	return mounts, nil
}

// readOnlyTops binds every top-level directory on itself, read-only with all mounts below
// it. For the root itself, only its own mount could be made read-only.
func readOnlyTops() ([]specs.Mount, error) {
	entries, err := os.ReadDir("/")
	if err != nil {
		return nil, err
	}
	var mounts []specs.Mount
	for _, entry := range entries {
		if entry.IsDir() && !slices.Contains(kernel, entry.Name()) && privateAbove("/"+entry.Name()+"/") == "" {
			mounts = append(mounts, bindMount("/"+entry.Name(), "rro"))
		}
	}
	return mounts, nil
}

// bindMount shows a path of the host at the same place. Later changes to the host's mounts
// do not propagate to it: they would not be read-only.
func bindMount(path string, options ...string) specs.Mount {
	return specs.Mount{
		Destination: path, Type: "bind", Source: path,
		Options: append([]string{"rbind", "rprivate", "nosuid"}, options...),
	}
}

// shown returns the paths in private directories that the program needs: the working
// directory, and the program's own file.
func shown(o *Options) []string {
	var paths []string
	if privateAbove(o.Directory) != "" {
		paths = append(paths, o.Directory)
	}
	if privateAbove(o.Program) != "" && !beneath(o.Program, paths) {
		paths = append(paths, o.Program)
	}
	return slices.DeleteFunc(paths, func(path string) bool { return beneath(path, o.Writable) })
}

// privateAbove returns the private directory that a path is strictly beneath, or "".
func privateAbove(path string) string {
	for i := range private {
		if directory := private[i].Destination; strings.HasPrefix(path, directory+"/") {
			return directory
		}
	}
	return ""
}

// beneath reports whether a path is one of the directories, or in one.
func beneath(path string, directories []string) bool {
	return slices.ContainsFunc(directories, func(directory string) bool {
		return path == directory || strings.HasPrefix(path, strings.TrimSuffix(directory, "/")+"/")
	})
}

// checkWritable refuses what cannot be bound: a path that does not exist, the root itself,
// and the kernel's views.
func checkWritable(path string) error {
	if !filepath.IsAbs(path) || filepath.Clean(path) != path {
		return fmt.Errorf("--rw %q: allowed: an absolute path", path)
	}
	if path == "/" {
		return fmt.Errorf("--rw %q: allowed: a path below the root, which itself stays read-only", path)
	}
	if top, _, _ := strings.Cut(path[1:], "/"); slices.Contains(kernel, top) {
		return fmt.Errorf("--rw %q: allowed: a path outside /%s", path, strings.Join(kernel, ", /"))
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("--rw: %w", err)
	}
	return nil
}
