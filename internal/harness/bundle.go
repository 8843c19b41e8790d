package harness

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
)

// Edit modifies a bundle's configuration before it is written.
type Edit func(*specs.Spec)

// Bundle makes a bundle from the default configuration with a busybox rootfs, without a
// terminal and with a cgroup beneath [Slice]. It returns the bundle's directory.
func Bundle(t testing.TB, edits ...Edit) string {
	t.Helper()
	spec := bundle.Default(false)
	spec.Process.Terminal = false
	spec.Linux.CgroupsPath = Slice() + "/" + ID(t)
	directory := Directory(t)
	Rootfs(t, filepath.Join(directory, "rootfs"))
	for _, edit := range edits {
		edit(spec)
	}
	giveAway(t, directory, spec)
	WriteSpec(t, directory, spec)
	return directory
}

// giveAway makes the root user of the container's user namespace the owner of its root, as
// engines do.
func giveAway(t testing.TB, directory string, spec *specs.Spec) {
	t.Helper()
	if len(spec.Linux.UIDMappings) == 0 || len(spec.Linux.GIDMappings) == 0 {
		return
	}
	uid, gid := int(spec.Linux.UIDMappings[0].HostID), int(spec.Linux.GIDMappings[0].HostID)
	must(t, filepath.WalkDir(filepath.Join(directory, "rootfs"), func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(name, uid, gid)
	}))
}

// Directory makes a directory that is removed after the test. Other users, such as root in
// a user namespace, may traverse it.
func Directory(t testing.TB) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "fsrun-test")
	must(t, err)
	t.Cleanup(func() {
		if err := os.RemoveAll(directory); err != nil {
			t.Error(err)
		}
	})
	must(t, os.Chmod(directory, 0o755))
	return directory
}

// WriteSpec writes a bundle's configuration.
func WriteSpec(t testing.TB, directory string, spec *specs.Spec) {
	t.Helper()
	content, err := json.MarshalIndent(spec, "", "\t")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(directory, bundle.ConfigName), content, 0o644))
}

// EditSpec modifies the configuration of an existing bundle.
func EditSpec(t testing.TB, directory string, edits ...Edit) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(directory, bundle.ConfigName))
	must(t, err)
	spec := new(specs.Spec)
	must(t, json.Unmarshal(content, spec))
	for _, edit := range edits {
		edit(spec)
	}
	WriteSpec(t, directory, spec)
}

var ids atomic.Int64

// ID returns a container ID that is unique on this machine.
func ID(testing.TB) string { return fmt.Sprintf("test-%d-%d", os.Getpid(), ids.Add(1)) }

// Slice is the cgroup beneath which this process's containers are.
func Slice() string { return fmt.Sprintf("/fsrun-test-%d", os.Getpid()) }

// Args sets the program and its arguments.
func Args(arguments ...string) Edit {
	return func(spec *specs.Spec) { spec.Process.Args = arguments }
}

// Shell makes the shell run a script.
func Shell(script string) Edit { return Args("/bin/sh", "-c", script) }

// Capable gives the program all capabilities that this process can pass on.
func Capable(t testing.TB) Edit {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	must(t, unix.Capget(&header, &data[0]))
	permitted := uint64(data[1].Permitted)<<32 | uint64(data[0].Permitted)
	var names []string
	for number, name := range bundle.CapabilityNames {
		if permitted&(1<<number) != 0 {
			names = append(names, name)
		}
	}
	return func(spec *specs.Spec) {
		spec.Process.Capabilities = &specs.LinuxCapabilities{Bounding: names, Effective: names, Permitted: names}
	}
}

// Probing makes the probe look at the named files too.
func Probing(t testing.TB, files ...string) Edit {
	program := Probe(t)
	return func(spec *specs.Spec) {
		spec.Process.Args = append([]string{ProbePath}, files...)
		spec.Mounts = append(spec.Mounts, Bind(program, ProbePath, "ro"))
	}
}

// Bind returns a bind mount.
func Bind(source, destination string, options ...string) specs.Mount {
	return specs.Mount{Destination: destination, Type: "bind", Source: source, Options: append([]string{"bind"}, options...)}
}

// Without removes a namespace.
func Without(kind specs.LinuxNamespaceType) Edit {
	return func(spec *specs.Spec) {
		var others []specs.LinuxNamespace
		for _, namespace := range spec.Linux.Namespaces {
			if namespace.Type != kind {
				others = append(others, namespace)
			}
		}
		spec.Linux.Namespaces = others
	}
}

// Namespace puts the container into a namespace: a new one if path is empty.
func Namespace(kind specs.LinuxNamespaceType, path string) Edit {
	return func(spec *specs.Spec) {
		Without(kind)(spec)
		spec.Linux.Namespaces = append(spec.Linux.Namespaces, specs.LinuxNamespace{Type: kind, Path: path})
	}
}

// userBase is the first host ID of a container's user namespace.
const userBase = 100000

// UserNamespace gives the container a user namespace of its own, whose IDs are mapped to
// HostID(0) and up.
func UserNamespace(spec *specs.Spec) {
	Namespace(specs.UserNamespace, "")(spec)
	mapping := []specs.LinuxIDMapping{{ContainerID: 0, HostID: userBase, Size: 65536}}
	spec.Linux.UIDMappings, spec.Linux.GIDMappings = mapping, mapping
}

// HostID converts a user namespace's ID to the host's.
func HostID(id uint32) uint32 { return userBase + id }

// Pids limits the processes.
func Pids(limit int64) Edit {
	return func(spec *specs.Spec) { spec.Linux.Resources.Pids = &specs.LinuxPids{Limit: &limit} }
}

// Memory limits the memory, in bytes.
func Memory(limit int64) Edit {
	return func(spec *specs.Spec) { spec.Linux.Resources.Memory = &specs.LinuxMemory{Limit: &limit} }
}
