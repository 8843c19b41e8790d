package plan

import (
	"os"
	"path"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/protocol"
)

// defaultDevices exist without being asked for (config-linux.md, "Default Devices").
// Everybody may read and write them.
var defaultDevices = []protocol.Device{
	{Path: "/dev/null", Major: 1, Minor: 3},
	{Path: "/dev/zero", Major: 1, Minor: 5},
	{Path: "/dev/full", Major: 1, Minor: 7},
	{Path: "/dev/random", Major: 1, Minor: 8},
	{Path: "/dev/urandom", Major: 1, Minor: 9},
	{Path: "/dev/tty", Major: 5, Minor: 0},
}

// links are the symbolic links that programs expect in /dev (config-linux.md, "Default
// Devices", and "Dev symbolic links" in runtime-linux.md).
var links = []protocol.Link{
	{Target: "/proc/self/fd", Path: "/dev/fd"},
	{Target: "/proc/self/fd/0", Path: "/dev/stdin"},
	{Target: "/proc/self/fd/1", Path: "/dev/stdout"},
	{Target: "/proc/self/fd/2", Path: "/dev/stderr"},
	{Target: "pts/ptmx", Path: "/dev/ptmx"},
}

func (l *lowering) devices() {
	asked := map[string]bool{}
	for i := range l.linux().Devices {
		asked[path.Clean(l.linux().Devices[i].Path)] = true
	}
	for _, device := range defaultDevices {
		if asked[device.Path] {
			continue
		}
		op := device
		op.Origin, op.Type, op.Mode, op.Bound = at("linux.devices"), "c", 0o666, l.bindsDevices()
		l.add(&op)
	}
	for i := range l.linux().Devices {
		l.add(l.device(index("linux.devices", i), &l.linux().Devices[i]))
	}
}

// bindsDevices reports whether device nodes are bound because they cannot be made.
func (l *lowering) bindsDevices() bool { return l.inUserNamespace() || l.facts.Confined }

func (l *lowering) device(place string, device *specs.LinuxDevice) *protocol.Device {
	op := &protocol.Device{
		Origin: at(place), Path: path.Clean(device.Path), Type: device.Type,
		Major: uint32(device.Major), Minor: uint32(device.Minor),
		Mode: 0o666, Bound: l.bindsDevices() && device.Type != "p",
	}
	if op.Type == "u" { // u is an unbuffered character device (mknod(1))
		op.Type = "c"
	}
	if device.FileMode != nil {
		op.Mode = uint32(*device.FileMode & os.ModePerm)
	}
	if device.UID != nil {
		op.UID = *device.UID
	}
	if device.GID != nil {
		op.GID = *device.GID
	}
	return op
}

func (l *lowering) links() {
	for _, link := range links {
		op := link
		op.Origin = at("linux.devices")
		l.add(&op)
	}
}
