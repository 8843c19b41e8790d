package bundle

import (
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// MountDestination returns a mount's absolute, cleaned destination. A relative one is
// deprecated and starts at the root (config.md, Mounts).
func MountDestination(mount *specs.Mount) string { return path.Clean("/" + mount.Destination) }

// MountSource returns a mount's source. For a bind mount it is made absolute, starting at
// the bundle; any other is returned as it is.
func MountSource(mount *specs.Mount, options *MountOptions, directory string) string {
	if !options.IsBind() || mount.Source == "" {
		return mount.Source
	}
	if path.IsAbs(mount.Source) {
		return path.Clean(mount.Source)
	}
	return path.Join(directory, mount.Source)
}

func checkMounts(path string, spec *specs.Spec) error {
	for i := range spec.Mounts {
		at, mount := index(path, i), &spec.Mounts[i]
		options, err := ParseMountOptions(mount.Options)
		if err != nil {
			return below(at+".options", err)
		}
		if err := checkMount(at, mount, &options); err != nil {
			return err
		}
		if err := checkIDMap(at, spec, mount, &options); err != nil {
			return err
		}
	}
	return nil
}

func checkMount(path string, mount *specs.Mount, options *MountOptions) error {
	if mount.Destination == "" {
		return refuse(path+".destination", "is missing", "a path inside the container")
	}
	if err := checkAbsolutePath(path+".destination", MountDestination(mount)); err != nil {
		return err
	}
	switch {
	case options.IsBind() && mount.Source == "" && !options.Remount:
		return refuse(path+".source", "is missing", "the path that is bound, absolute or relative to the bundle")
	case options.IsBind() && firstNotForBind(options) != "":
		return refuse(path+".options", quote(firstNotForBind(options))+" is not an option of a bind mount", "options of mount(8) that do not belong to one file system")
	case options.Remount && !options.IsBind() && options.Superblock&unix.MS_DIRSYNC != 0:
		return refuse(path+".options", "\"dirsync\" in a remount", "it in the mount itself, as the kernel cannot change it later")
	case options.IsBind() || options.Remount:
		return nil
	case mount.Type == "bind":
		return refuse(path+".options", "hold neither \"bind\" nor \"rbind\"", "one of them for a mount of type \"bind\"")
	case mount.Type == "" || strings.Contains(mount.Type, "/"):
		return refuse(path+".type", quote(mount.Type)+" is not a file system", "a type of /proc/filesystems, or the option \"bind\" or \"rbind\"")
	}
	if options.TmpCopyUp && mount.Type != "tmpfs" {
		return refuse(path+".options", "\"tmpcopyup\" on a mount of type "+quote(mount.Type), "it only for tmpfs")
	}
	return nil
}

// ofNewFileSystems lists options for new file systems that are ignored for a bind mount
// (mount(2), MS_BIND), and that nobody relies on for protection: some tools give the same
// options to every mount.
var ofNewFileSystems = []string{"mode", "size", "nr_blocks", "nr_inodes"}

// firstNotForBind returns the first option that a bind mount cannot have.
func firstNotForBind(options *MountOptions) string {
	for _, data := range options.Data {
		if !data.HasValue || !slices.Contains(ofNewFileSystems, data.Key) {
			return data.Key
		}
	}
	return ""
}

// mountWarnings says which options of bind mounts are ignored.
func mountWarnings(spec *specs.Spec) []string {
	var warnings []string
	for i := range spec.Mounts {
		options, err := ParseMountOptions(spec.Mounts[i].Options)
		if err != nil || !options.IsBind() || len(options.Data) == 0 {
			continue
		}
		var names []string
		for _, data := range options.Data {
			names = append(names, quote(data.Key))
		}
		warnings = append(warnings, index("mounts", i)+".options: ignoring what a bind mount cannot have: "+strings.Join(names, ", "))
	}
	return warnings
}

// below puts a path in front of an error's own.
func below(path string, err error) error {
	var inner *Error
	if errors.As(err, &inner) {
		return refuse(path+inner.Path, inner.Found, inner.Allowed)
	}
	return err
}
