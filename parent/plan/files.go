package plan

import (
	"fmt"
	"path"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/protocol"
)

// files lowers the root and the mounts, up to what hooks can see.
func (l *lowering) files() error {
	l.add(&protocol.Root{
		Origin:      at("root.path"),
		Source:      bundle.RootPath(l.spec, l.facts.Bundle),
		Propagation: l.oldPropagation(),
	})
	for i := range l.spec.Mounts {
		if err := l.mount(i); err != nil {
			return err
		}
	}
	if !l.bindsDev() {
		l.devices()
		l.links()
	}
	if l.spec.Process.Terminal {
		l.add(console(l.spec.Process))
	}
	return nil
}

func (l *lowering) mount(i int) error {
	mount := &l.spec.Mounts[i]
	place := l.mountPlace(i)
	options, err := bundle.ParseMountOptions(mount.Options)
	if err != nil {
		return fmt.Errorf("%s.options: %w", place, err)
	}
	propagation, err := onePropagation(place, options.Propagation)
	if err != nil {
		return err
	}
	destination := bundle.MountDestination(mount)
	if !options.Remount {
		l.seal(destination)
	}
	switch {
	case options.Remount:
		l.remount(i, destination, &options, propagation)
	case options.IsBind():
		bind := l.bind(place, l.source(mount.Source), destination, &options, propagation)
		return l.mapOwners(place, bind, bundle.MountOwners(l.spec, mount, &options))
	case IsCgroup(mount.Type) && l.sharesCgroups():
		return l.hostCgroups(place, mount.Type, destination, &options, propagation)
	default:
		op := newMount(place, mount, destination, &options, propagation)
		l.mountLabel(op)
		l.leaveWritable(op)
		l.add(op)
	}
	return nil
}

// mountPlace returns what asks for a mount: an entry in the configuration, or the variable
// NOTIFY_SOCKET.
func (l *lowering) mountPlace(i int) string {
	if l.facts.NotifyMount && i == len(l.spec.Mounts)-1 {
		return "NOTIFY_SOCKET"
	}
	return index("mounts", i)
}

func console(process *specs.Process) *protocol.ConsoleOp {
	op := &protocol.ConsoleOp{Origin: at("process.terminal")}
	if size := process.ConsoleSize; size != nil {
		op.Width, op.Height = uint16(size.Width), uint16(size.Height)
	}
	return op
}

// pivot enters the root and makes the working directory if it is missing, which engines
// rely on. Nothing else is made in the container's file system after it, and hooks do not
// see it.
func (l *lowering) pivot() {
	if directory := path.Clean(l.spec.Process.Cwd); directory != "/" && !strings.HasPrefix(directory, "/proc/") {
		l.add(&protocol.Directory{Origin: at("process.cwd"), Path: directory})
	}
	l.seal("/")
	l.add(&protocol.Pivot{Origin: at("root"), Move: l.facts.NoPivot || l.bundleHasNoMountNamespace()})
}

func (l *lowering) bundleHasNoMountNamespace() bool {
	return bundle.FindNamespace(l.spec, specs.MountNamespace) == nil
}

// protections makes parts of the container's file system unreachable or read-only.
func (l *lowering) protections() {
	for _, key := range sorted(l.linux().Sysctl) {
		l.add(&protocol.Sysctl{Origin: at(fmt.Sprintf("linux.sysctl[%q]", key)), Key: key, Value: l.linux().Sysctl[key]})
	}
	for i, name := range l.linux().ReadonlyPaths {
		l.add(&protocol.ReadOnly{Origin: at(index("linux.readonlyPaths", i)), Path: name})
	}
	for i, name := range l.linux().MaskedPaths {
		l.add(&protocol.Mask{Origin: at(index("linux.maskedPaths", i)), Path: name})
	}
	attributes := &protocol.RootAttributes{Origin: at("root"), ReadOnly: l.spec.Root.Readonly}
	attributes.Propagation = uint32(bundle.RootfsPropagation(l.spec))
	if attributes.ReadOnly || attributes.Propagation != 0 {
		l.add(attributes)
	}
}
