package preflight

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/resctrl"
	"github.com/fsrun/fsrun/parent/seccomp"
	"github.com/fsrun/fsrun/protocol"
)

// Wanted is a bundle that has been lowered.
type Wanted struct {
	Bundle       *bundle.Bundle
	Ops          []protocol.Op
	Filter       *seccomp.Filter // nil: none
	Devices      bool            // the bundle has device rules
	Unprivileged bool
}

// Bundle checks for everything on this machine that a bundle names.
func Bundle(w *Wanted) []Check {
	rootfs := bundle.RootPath(w.Bundle.Spec, w.Bundle.Directory)
	checks := []Check{rootDirectory(rootfs), program(rootfs, w.Bundle.Spec)}
	checks = append(checks, namespaces(w.Bundle.Spec)...)
	checks = append(checks, mounts(w.Ops)...)
	checks = append(checks, hooks(w.Bundle.Spec.Hooks)...)
	checks = append(checks, identities(w)...)
	if w.Bundle.Spec.Linux.IntelRdt != nil {
		checks = append(checks, resourceControl())
	}
	if w.Devices {
		checks = append(checks, deviceProgram())
	}
	if w.Filter != nil {
		checks = append(checks, filterActions(w.Bundle.Spec.Linux.Seccomp), handoff(w))
	}
	return checks
}

// resourceControl checks for the file system in which linux.intelRdt names groups.
func resourceControl() Check {
	tree, err := resctrl.Find()
	tree.Close()
	return judge("resource control", "resctrl", resctrl.Path, err)
}

func rootDirectory(rootfs string) Check {
	info, err := os.Stat(rootfs)
	if err == nil && !info.IsDir() {
		err = &os.PathError{Op: "stat", Path: rootfs, Err: unix.ENOTDIR}
	}
	return judge("root file system", rootfs, "root.path", err).remedy("put the container's files there, or set root.path to where they are")
}

// namespaces checks for the namespaces to join, and for the kernel's support of those to
// make.
func namespaces(spec *specs.Spec) []Check {
	var checks []Check
	var made []string
	for i, namespace := range spec.Linux.Namespaces {
		from := fmt.Sprintf("linux.namespaces[%d]", i)
		known, _ := bundle.LookupNamespace(namespace.Type)
		if namespace.Path != "" {
			_, err := os.Stat(namespace.Path)
			checks = append(checks, judge("namespace to join", namespace.Path, from+".path", err).remedy("name a file of a %s namespace, such as /proc/PID/ns/%s", namespace.Type, known.File))
			continue
		}
		if check := namespaceKind(known); check.Result != Holds {
			check.From = from
			checks = append(checks, check)
		}
		made = append(made, string(namespace.Type))
	}
	if len(made) > 0 {
		checks = append(checks, Check{Name: "new namespaces", Object: strings.Join(made, " "), From: "linux.namespaces", Result: Holds})
	}
	return checks
}

// mounts checks for the sources of bind mounts, and for file systems.
func mounts(ops []protocol.Op) []Check {
	var checks []Check
	known, err := fileSystems()
	var wanted []string
	for _, operation := range ops {
		switch op := operation.(type) {
		case *protocol.Bind:
			_, err := os.Stat(op.Source)
			checks = append(checks, judge("mount source", op.Source, op.From(), err).remedy("make it, or name one that is there"))
		case *protocol.Mount:
			if slices.Contains(wanted, op.Filesystem) {
				continue
			}
			wanted = append(wanted, op.Filesystem)
			check := Check{Name: "file system", Object: op.Filesystem, From: op.From(), Result: Holds}
			if err == nil && !slices.Contains(known, op.Filesystem) {
				check.Result, check.Found = Unknown, "the kernel does not have it now; it may load a module for it"
				check.Hint = "try: modprobe " + op.Filesystem
			}
			checks = append(checks, check)
		}
	}
	return checks
}

// fileSystems returns the file systems in /proc/filesystems.
func fileSystems() ([]string, error) {
	content, err := readTrimmed("/proc/filesystems")
	var names []string
	for line := range strings.Lines(content) {
		if fields := strings.Fields(line); len(fields) > 0 {
			names = append(names, fields[len(fields)-1])
		}
	}
	return names, err
}

// hooks checks for the hooks that are executed in the runtime namespace.
func hooks(h *specs.Hooks) []Check {
	if h == nil {
		return nil
	}
	var checks []Check
	for _, point := range []struct {
		name string
		list []specs.Hook
	}{
		//lint:ignore SA1019 the point is deprecated, but bundles use it and it must be honoured
		{"prestart", h.Prestart}, {"createRuntime", h.CreateRuntime}, {"createContainer", h.CreateContainer},
		{"poststart", h.Poststart}, {"poststop", h.Poststop},
	} {
		for i, hook := range point.list {
			err := unix.Access(hook.Path, unix.X_OK)
			checks = append(checks, judge("hook", hook.Path, fmt.Sprintf("hooks.%s[%d]", point.name, i), err).remedy("install the program, or take the hook away"))
		}
	}
	return checks
}

// identities checks for the ranges of IDs that a user without privileges may map.
func identities(w *Wanted) []Check {
	linux := w.Bundle.Spec.Linux
	if !w.Unprivileged || len(linux.UIDMappings) == 0 {
		return nil
	}
	uid := os.Geteuid()
	name := userName(uid)
	var checks []Check
	for _, ids := range []struct {
		file, program, from string
		own                 int
		mappings            []specs.LinuxIDMapping
	}{
		{"/etc/subuid", "newuidmap", "linux.uidMappings", uid, linux.UIDMappings},
		{"/etc/subgid", "newgidmap", "linux.gidMappings", os.Getegid(), linux.GIDMappings},
	} {
		if len(ids.mappings) == 1 && ids.mappings[0].Size == 1 && int(ids.mappings[0].HostID) == ids.own {
			continue // everybody may map their own ID alone
		}
		checks = append(checks, judge("program", ids.program, ids.from, helper(ids.program)).remedy("%s", subidHint(name)))
		granted, err := subordinate(ids.file, name, uid)
		for i, mapping := range ids.mappings {
			covered := func(r idRange) bool { return r.holds(uint64(mapping.HostID), uint64(mapping.Size)) }
			if err == nil && int(mapping.HostID) != ids.own && !slices.ContainsFunc(granted, covered) {
				err = fmt.Errorf("%s[%d]: ids %d to %d are not within the ranges of %s in %s",
					ids.from, i, mapping.HostID, uint64(mapping.HostID)+uint64(mapping.Size)-1, name, ids.file)
			}
		}
		checks = append(checks, judge("subordinate ids", name, ids.from, err).remedy("%s", subidHint(name)))
	}
	return checks
}

// stateDirectory checks whether a container's state can be stored.
func stateDirectory(root string) Check {
	if root == "" {
		return judge("state directory", "none", "", errors.New("XDG_RUNTIME_DIR is not set")).remedy("set it, or name a directory with --root")
	}
	at := root
	for {
		err := unix.Access(at, unix.W_OK)
		if err == nil {
			return Check{Name: "state directory", Object: root, Result: Holds}
		}
		if parent := filepath.Dir(at); err == unix.ENOENT && parent != at { //nolint:errorlint // bare errno
			at = parent
			continue
		}
		return judge("state directory", root, "", &os.PathError{Op: "access", Path: at, Err: err}).remedy("run as a user who may write there, or name another with --root")
	}
}

// Cgroup reports whether the limits can be set. Refused is the answer of the tree, which
// the caller has asked.
func Cgroup(limits cgroupv2.Limits, refused error) Check {
	const name, from = "cgroup controllers", "linux.resources"
	controllers := strings.Join(limits.Controllers(), " ")
	return judge(name, orNone(controllers), from, refused)
}
