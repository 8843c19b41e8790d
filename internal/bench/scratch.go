package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/tinyprogram"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/seccomp"
)

// scratch is a directory for all files.
type scratch struct{ directory string }

func newScratch() (*scratch, error) {
	directory, err := os.MkdirTemp("", "fsrun-bench")
	if err != nil {
		return nil, err
	}
	return &scratch{directory}, os.Chmod(directory, 0o755)
}

func (s *scratch) remove() { os.RemoveAll(s.directory) }

func (s *scratch) path(name string) string { return filepath.Join(s.directory, name) }

// The programs' paths in a root file system.
const (
	exitProgram  = "/exit"
	pauseProgram = "/pause"
)

// edit modifies the default configuration.
type edit func(*scratch, *specs.Spec) error

// bundle makes a bundle from the default configuration, with a program that exits at once,
// and returns its directory.
func (s *scratch) bundle(name string, edits ...edit) (string, error) {
	directory := s.path("bundle-" + name)
	rootfs := filepath.Join(directory, "rootfs")
	if err := os.MkdirAll(rootfs, 0o755); err != nil {
		return "", err
	}
	// The mount points exist, as in an image.
	for _, place := range []string{"proc", "dev", "sys", "mnt"} {
		if err := os.Mkdir(filepath.Join(rootfs, place), 0o755); err != nil {
			return "", err
		}
	}
	// The programs are tiny, so that the runtime is what is measured.
	for name, content := range map[string][]byte{exitProgram: tinyprogram.Exit(0), pauseProgram: tinyprogram.Pause()} {
		if err := os.WriteFile(rootfs+name, content, 0o755); err != nil {
			return "", err
		}
	}
	spec := bundle.Default(false)
	spec.Version = "1.0.2" // older peers refuse newer versions
	spec.Process.Terminal = false
	spec.Process.Args = []string{exitProgram}
	spec.Linux.Namespaces = append([]specs.LinuxNamespace(nil), spec.Linux.Namespaces...)
	for _, change := range edits {
		if err := change(s, spec); err != nil {
			return "", err
		}
	}
	content, err := json.MarshalIndent(spec, "", "\t")
	if err != nil {
		return "", err
	}
	return directory, os.WriteFile(filepath.Join(directory, bundle.ConfigName), content, 0o644)
}

// pausing makes the program pause.
func pausing(_ *scratch, spec *specs.Spec) error {
	spec.Process.Args = []string{pauseProgram}
	return nil
}

// confined adds a seccomp profile like an engine's default.
func confined(_ *scratch, spec *specs.Spec) error {
	spec.Linux.Seccomp = engineProfile()
	return nil
}

// mapped gives the container a user namespace.
func mapped(s *scratch, spec *specs.Spec) error {
	const base = 100000
	spec.Linux.Namespaces = append(spec.Linux.Namespaces, specs.LinuxNamespace{Type: specs.UserNamespace})
	ids := []specs.LinuxIDMapping{{ContainerID: 0, HostID: base, Size: 65536}}
	spec.Linux.UIDMappings, spec.Linux.GIDMappings = ids, ids
	return nil
}

// bound adds bind mounts of files.
func bound(count int) edit {
	return func(s *scratch, spec *specs.Spec) error {
		source := s.path("source")
		if err := os.WriteFile(source, nil, 0o644); err != nil {
			return err
		}
		rootfs := filepath.Join(s.path(fmt.Sprintf("bundle-run-binds-%d", count)), "rootfs")
		for i := range count {
			place := fmt.Sprintf("/mnt/%d", i)
			if err := os.WriteFile(rootfs+place, nil, 0o644); err != nil {
				return err
			}
			spec.Mounts = append(spec.Mounts, specs.Mount{
				Destination: place, Type: "bind", Source: source, Options: []string{"bind", "ro", "nosuid", "nodev"},
			})
		}
		return nil
	}
}

// long adds 100 environment variables, and annotations that make the configuration 50 KiB
// long.
func long(_ *scratch, spec *specs.Spec) error {
	spec.Annotations = map[string]string{}
	for i := range 100 {
		spec.Process.Env = append(spec.Process.Env, fmt.Sprintf("VARIABLE_%d=a value as they are found, with some length to it", i))
		spec.Annotations[fmt.Sprintf("org.example.annotation.%d", i)] = fmt.Sprintf("%0400d", i)
	}
	return nil
}

// devices adds device rules.
func devices(count int) edit {
	return func(_ *scratch, spec *specs.Spec) error {
		for i := range count {
			major, minor := int64(200), int64(i)
			spec.Linux.Resources.Devices = append(spec.Linux.Resources.Devices,
				specs.LinuxDeviceCgroup{Allow: true, Type: "c", Major: &major, Minor: &minor, Access: "rw"})
		}
		return nil
	}
}

// engineProfile returns a profile like those that engines use by default: some 350 calls
// allowed, a few of them depending on arguments, for the machine's architectures.
func engineProfile() *specs.LinuxSeccomp {
	profile := seccomp.DefaultProfile()
	profile.Architectures = []specs.Arch{specs.ArchX86_64, specs.ArchX86, specs.ArchX32}
	if runtime.GOARCH == "arm64" {
		profile.Architectures = []specs.Arch{specs.ArchAARCH64, specs.ArchARM}
	}
	return profile
}
