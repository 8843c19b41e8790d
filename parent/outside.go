package parent

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/state"
)

// outside is what a container uses of the host. CRIU does not write it, so whoever restores
// the container must provide it. It is stored beside CRIU's files.
type outside struct {
	// Stdio holds CRIU's names for the files of the standard descriptors, "" for one that
	// is inside the container.
	Stdio [3]string `json:"stdio"`
	// Mounts holds the mount points of binds.
	Mounts []string `json:"mounts"`
	// Network says that the container has a network namespace of its own.
	Network bool `json:"network"`
}

// outsideFile is its name among CRIU's files, whose names all end in .img.
const outsideFile = "fsrun.json"

// networkKey is CRIU's name for the network namespace.
const networkKey = "network"

func findOutside(spec *specs.Spec, container *state.Container) (*outside, error) {
	o := &outside{Network: bundle.FindNamespace(spec, specs.NetworkNamespace) != nil}
	mounts, err := readMounts(container.Init.PID)
	if err != nil {
		return nil, err
	}
	if o.Mounts, err = bindsOf(spec, mounts); err != nil {
		return nil, err
	}
	for fd := range o.Stdio {
		if o.Stdio[fd], err = outsideName(container.Init.PID, fd, mounts); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// mountPoint is a mount of a process (proc_pid_mountinfo(5)).
type mountPoint struct{ id, path string }

func readMounts(pid int) ([]mountPoint, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", pid))
	if err != nil {
		return nil, err
	}
	var mounts []mountPoint
	for line := range strings.Lines(string(content)) {
		if fields := strings.Fields(line); len(fields) > 4 {
			mounts = append(mounts, mountPoint{fields[0], mountEscapes.Replace(fields[4])})
		}
	}
	return mounts, nil
}

var mountEscapes = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

// bindsOf lists the mount points of the configuration's binds, including what a recursive
// bind has brought along.
func bindsOf(spec *specs.Spec, mounts []mountPoint) ([]string, error) {
	var points []string
	for i := range spec.Mounts {
		mount := &spec.Mounts[i]
		if _, is := bindSource(mount, ""); !is {
			continue
		}
		destination := bundle.MountDestination(mount)
		found := false
		for _, point := range mounts {
			below := strings.HasPrefix(point.path, destination+"/") && !isDestination(spec, point.path)
			found = found || point.path == destination
			if (point.path == destination || below) && !slices.Contains(points, point.path) {
				points = append(points, point.path)
			}
		}
		if !found {
			return nil, &bundle.Error{Path: fmt.Sprintf("mounts[%d].destination", i), Found: mount.Destination + " is not the path of a mount in the container",
				Allowed: "a path without symbolic links, for checkpoint"}
		}
	}
	return points, nil
}

// bindSource returns the absolute path of what a mount binds; false if it is not a bind.
func bindSource(mount *specs.Mount, directory string) (string, bool) {
	options, err := bundle.ParseMountOptions(mount.Options)
	if err != nil || !options.IsBind() || options.Remount {
		return "", false
	}
	return bundle.MountSource(mount, &options, directory), true
}

// isDestination reports whether the configuration mounts something at the point.
func isDestination(spec *specs.Spec, point string) bool {
	return slices.ContainsFunc(spec.Mounts, func(m specs.Mount) bool { return bundle.MountDestination(&m) == point })
}

// outsideName returns CRIU's name for the file of a descriptor, "" if the file is inside
// the container.
func outsideName(pid, fd int, mounts []mountPoint) (string, error) {
	link, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, fd))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil // closed
	}
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(link, "pipe:[") {
		return link, nil
	}
	if !strings.HasPrefix(link, "/") {
		return "", nil // a socket, or another file without a path
	}
	info, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", pid, fd))
	if err != nil {
		return "", err
	}
	var id string
	for line := range strings.Lines(string(info)) {
		if value, is := strings.CutPrefix(line, "mnt_id:"); is {
			id = strings.TrimSpace(value)
		}
	}
	if slices.ContainsFunc(mounts, func(m mountPoint) bool { return m.id == id }) {
		return "", nil
	}
	var stat unix.Stat_t
	if err := unix.Stat(fmt.Sprintf("/proc/%d/fd/%d", pid, fd), &stat); err != nil {
		return "", &os.PathError{Op: "stat", Path: link, Err: err}
	}
	var number int
	if _, err := fmt.Sscan(id, &number); err != nil {
		return "", fmt.Errorf("fdinfo of descriptor %d: mount %q: %w", fd, id, err)
	}
	return fmt.Sprintf("file[%x:%x]", number, stat.Ino), nil
}

// names returns CRIU's names for everything that it must not write.
func (o *outside) names(container *state.Container) ([]string, error) {
	var names []string
	for _, point := range o.Mounts {
		names = append(names, fmt.Sprintf("mnt[%s]:%s", point, point))
	}
	for _, name := range o.Stdio {
		if strings.HasPrefix(name, "file[") && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if o.Network {
		var stat unix.Stat_t
		file := container.Namespaces[string(specs.NetworkNamespace)]
		if err := unix.Stat(file, &stat); err != nil {
			return nil, &os.PathError{Op: "stat", Path: file, Err: err}
		}
		names = append(names, fmt.Sprintf("net[%d]:%s", stat.Ino, networkKey))
	}
	return names, nil
}

func (o *outside) save(images string) error {
	content, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(images, outsideFile), append(content, '\n'), 0o600)
}

func readOutside(images string) (*outside, error) {
	name := filepath.Join(images, outsideFile)
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("no checkpoint of fsrun's: %w", err)
	}
	o := new(outside)
	if err := json.Unmarshal(content, o); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return o, nil
}

// sources returns CRIU's names for the mounts, with what a configuration now mounts there.
func (o *outside) sources(spec *specs.Spec, directory string) ([]string, error) {
	var names []string
	for _, point := range o.Mounts {
		source := ""
		for i := range spec.Mounts {
			mount := &spec.Mounts[i]
			rest, within := strings.CutPrefix(point+"/", bundle.MountDestination(mount)+"/")
			if from, is := bindSource(mount, directory); is && within {
				source = filepath.Join(from, rest)
			}
		}
		if source == "" {
			return nil, &bundle.Error{Path: "mounts", Found: "has no bind at " + point + ", as the checkpoint has", Allowed: "the mounts of the container that was written"}
		}
		names = append(names, fmt.Sprintf("mnt[%s]:%s", point, source))
	}
	return names, nil
}
