package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
)

// as makes the program run as another user.
func as(uid uint32) harness.Edit {
	return func(spec *specs.Spec) { spec.Process.User = specs.User{UID: uid, GID: uid} }
}

// TestProgramIsLookedForWithItsOwnRights: a directory in PATH that the program's user may
// not enter does not hide those after it, nor does a file that only root may execute.
//
// SPEC: M-EXE-6
func TestProgramIsLookedForWithItsOwnRights(t *testing.T) {
	for name, edit := range map[string]harness.Edit{"plain": func(*specs.Spec) {}, "user namespace": harness.UserNamespace} {
		t.Run(name, func(t *testing.T) {
			path := func(value string) harness.Edit {
				return func(spec *specs.Spec) { spec.Process.Env = []string{"HOME=/", "PATH=" + value} }
			}
			c := newContainer(t, as(1000), edit, path("/private:/closed:/bin"), harness.Args("busybox", "echo", "found"))
			rootfs := filepath.Join(c.Bundle, "rootfs")
			owner := new(unix.Stat_t)
			must(t, unix.Stat(filepath.Join(rootfs, "bin"), owner))
			for place, modes := range map[string][2]os.FileMode{"private": {0o700, 0o755}, "closed": {0o755, 0o700}} {
				directory := filepath.Join(rootfs, place)
				file := filepath.Join(directory, "busybox")
				must(t, errors.Join(os.Mkdir(directory, 0o700), os.WriteFile(file, []byte("#!/bin/sh\n"), 0o700),
					os.Chmod(directory, modes[0]), os.Chmod(file, modes[1]),
					os.Chown(directory, int(owner.Uid), int(owner.Gid)), os.Chown(file, int(owner.Uid), int(owner.Gid))))
			}
			equal(t, "the program's output", "found", c.succeed())
			harness.EditSpec(t, c.Bundle, path("/private:/closed"))
			if err := newContainerOf(t, c.Bundle).refuse(); !errors.Is(err, unix.EACCES) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
