package main

import (
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
)

// TestCgroupTreeStaysReadOnly: without a cgroup namespace the mount shows the host's tree,
// here to root with all capabilities.
//
// CLASS: V11
func TestCgroupTreeStaysReadOnly(t *testing.T) {
	for name, edit := range map[string]harness.Edit{
		"user namespace":    harness.UserNamespace,
		"no user namespace": func(*specs.Spec) {},
	} {
		t.Run(name, func(t *testing.T) {
			const attack = `
mkdir /sys/fs/cgroup/evil 2>&1
echo 1 2>&1 > /sys/fs/cgroup/cgroup.procs
mount -o remount,rw /sys/fs/cgroup 2>/dev/null && echo remounted
:`
			said := newContainer(t, harness.Shell(attack), edit, harness.Without(specs.CgroupNamespace)).succeed()
			if strings.Count(said, "Read-only file system") != 2 || strings.Contains(said, "remounted") {
				t.Errorf("it was told %q", said)
			}
		})
	}
}

// TestKeysOutsideOfTheCgroup: a key that names a file elsewhere is refused, by its place in
// the configuration, before anything is made.
//
// CLASS: V14
func TestKeysOutsideOfTheCgroup(t *testing.T) {
	for _, key := range []string{"../memory.max", "..", ".", "", "a/b", "/memory.max", "cgroup.procs", "cgroup.subtree_control"} {
		err := newContainer(t, harness.Args("/bin/true"), func(spec *specs.Spec) {
			spec.Linux.Resources.Unified = map[string]string{key: "max"}
		}).refuse()
		refused := strings.Contains(err.Error(), "the name of one cgroup file") || strings.Contains(err.Error(), "the runtime itself controls")
		if !refused || !strings.Contains(err.Error(), "linux.resources.unified") {
			t.Errorf("key %q: the error is %q", key, err)
		}
	}
	for _, path := range []string{"../evil", "/a/../../evil", "a/..", "..", "/a/\x00"} {
		err := newContainer(t, harness.Args("/bin/true"), func(spec *specs.Spec) { spec.Linux.CgroupsPath = path }).refuse()
		if !strings.Contains(err.Error(), "linux.cgroupsPath") {
			t.Errorf("path %q: the error is %q", path, err)
		}
	}
}
