package parent

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/cgroupv2/devfilter"
	"github.com/fsrun/fsrun/parent/state"
)

// Examination is everything known about a container, running or not.
type Examination struct {
	*Inspected
	// End is how its init ended, nil if it has not or if nobody knows.
	End *End
	// Limits are sorted by file.
	Limits []StandingLimit
	// Rules are the device rules including the defaults, nil for none.
	Rules []specs.LinuxDeviceCgroup
	// Programs are the device programs that decide. All of them must allow an access.
	Programs []DeviceProgram
	// Stats holds the counters of its cgroup, nil if that no longer exists.
	Stats *cgroupv2.Stats
	// Recordings are those of its handshakes.
	Recordings []*Recording
}

// StandingLimit is a committed limit and the current content of its file.
type StandingLimit struct {
	File      string
	Committed string
	// Now is "" if the file is gone, together with its cgroup.
	Now string
}

// DeviceProgram is a program attached to the container's cgroup or to one above it.
type DeviceProgram struct {
	devfilter.Attached
	Cgroup string
	// Ours: according to the record, fsrun attached it for this container.
	Ours bool
}

// Examine collects everything known about a container.
func Examine(root, id string) (*Examination, error) {
	store, err := state.Open(root)
	if err != nil {
		return nil, err
	}
	inspected, err := Inspect(root, id)
	if err != nil {
		return nil, err
	}
	e := &Examination{Inspected: inspected}
	if inspected.Status == state.Stopped {
		if e.End, err = readEnd(store, inspected.Container); err != nil {
			return nil, err
		}
	}
	if e.Recordings, err = Recordings(root, id); err != nil {
		return nil, err
	}
	if err := e.counters(); err != nil {
		return nil, err
	}
	return e, e.devices(root)
}

// counters reads the cgroup, which exists until the container is deleted, even without
// processes.
func (e *Examination) counters() error {
	for _, file := range slices.Sorted(maps.Keys(e.Container.Limits)) {
		now, err := os.ReadFile(filepath.Join(e.Cgroup, file))
		if err != nil && !isGone(err) {
			return err
		}
		e.Limits = append(e.Limits, StandingLimit{file, e.Container.Limits[file], strings.TrimSpace(string(now))})
	}
	group, err := openGroup(e.Container)
	if err != nil || group == nil {
		return err
	}
	defer group.Close()
	stats, err := group.Stats()
	if isGone(err) {
		return nil
	}
	e.Stats = &stats
	return err
}

// devices reads the rules from the configuration that the container was created with, and
// asks the kernel for the programs of its cgroup and those above.
func (e *Examination) devices(root string) error {
	spec, err := Configuration(root, e.ID)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // still being created
	case err != nil:
		return err
	}
	if spec.Linux != nil && spec.Linux.Resources != nil && len(spec.Linux.Resources.Devices) > 0 {
		e.Rules = devfilter.WithDefaults(spec.Linux.Resources.Devices)
	}
	if e.Cgroup == "" {
		return nil
	}
	for directory := e.Cgroup; ; directory = path.Dir(directory) {
		if err := e.programsOf(directory); err != nil {
			return err
		}
		if directory == e.CgroupMount || directory == "/" {
			return nil
		}
	}
}

func (e *Examination) programsOf(directory string) error {
	group, err := unix.Open(directory, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		if isGone(err) {
			return nil
		}
		return &os.PathError{Op: "open", Path: directory, Err: err}
	}
	defer unix.Close(group)
	attached, err := devfilter.Query(group)
	if errors.Is(err, unix.EPERM) {
		return nil // The query takes CAP_NET_ADMIN, without which nothing could have been attached.
	}
	for _, program := range attached {
		e.Programs = append(e.Programs, DeviceProgram{program, directory, program.ID == e.DeviceProgram})
	}
	return err
}
