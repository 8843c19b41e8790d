package main

import (
	"fmt"
	"slices"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/internal/harness/probe"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/preflight"
)

// A file in every cgroup except the one at the top of the host's tree (Linux
// Documentation/admin-guide/cgroup-v2.rst, "cgroup.type").
const belowTheTop = "/sys/fs/cgroup/cgroup.type"

// cgroupMount returns the container's mount at /sys/fs/cgroup, which must be the tree.
func cgroupMount(t *testing.T, report *probe.Report) probe.Mount {
	t.Helper()
	mount := byPoint(report)["/sys/fs/cgroup"]
	equal(t, "file system", "cgroup2", mount.Filesystem)
	equal(t, "options", "ro,nosuid,nodev,noexec,relatime", mount.Options)
	return mount
}

// TestCgroupTreeOfAPod: a container that joins the cgroup namespace of a pod sees the pod's
// part of the tree, rather than the host's mount with all other containers.
func TestCgroupTreeOfAPod(t *testing.T) {
	for name, test := range map[string]struct {
		edits  []harness.Edit
		joined []specs.LinuxNamespaceType
	}{
		"the host's user namespace": {nil, []specs.LinuxNamespaceType{specs.CgroupNamespace}},
		"the pod's user namespace":  {[]harness.Edit{harness.UserNamespace}, []specs.LinuxNamespaceType{specs.UserNamespace, specs.CgroupNamespace}},
	} {
		t.Run(name, func(t *testing.T) {
			pod := newContainer(t, append(test.edits, harness.Args("/bin/sleep", "1000"))...)
			pod.start()
			edits := append(test.edits, harness.Probing(t, belowTheTop))
			for _, kind := range test.joined {
				edits = append(edits, harness.Namespace(kind, fmt.Sprintf("/proc/%d/ns/%s", initOf(t, pod), files[kind])))
			}
			report := newContainer(t, edits...).probe()
			equal(t, "the mount's root", "/", cgroupMount(t, report).Root)
			equal(t, "a file below the top", "domain\n", report.Files[belowTheTop].Content)
		})
	}
}

// TestCgroupTreeOfTheHost: without a cgroup namespace, or with the path of the runtime's
// own, the host's tree is shown, even to a container without a cgroup.
func TestCgroupTreeOfTheHost(t *testing.T) {
	for name, edit := range map[string]harness.Edit{
		"no entry": harness.Without(specs.CgroupNamespace),
		"by path":  harness.Namespace(specs.CgroupNamespace, "/proc/self/ns/cgroup"),
	} {
		for _, manager := range []parent.CgroupManager{parent.Cgroupfs, parent.NoCgroup} {
			t.Run(fmt.Sprintf("%s, manager %d", name, manager), func(t *testing.T) {
				c := newContainer(t, harness.Probing(t), edit, func(spec *specs.Spec) { spec.Linux.Resources = nil })
				c.CgroupManager = manager
				cgroupMount(t, c.probe())
			})
		}
	}
}

// TestCgroupOfTheProgramsUser: a user who sees the tree writable, in the container's own
// cgroup namespace, may make groups beneath the container's and move into them, but may not
// change its limits. Any other user owns nothing there.
func TestCgroupOfTheProgramsUser(t *testing.T) {
	mount := func(options ...string) harness.Edit {
		return func(spec *specs.Spec) {
			index := slices.IndexFunc(spec.Mounts, func(m specs.Mount) bool { return m.Destination == "/sys/fs/cgroup" })
			spec.Mounts[index].Options = options
		}
	}
	user := func(uid uint32) harness.Edit {
		return func(spec *specs.Spec) { spec.Process.User.UID, spec.Process.User.GID = uid, uid }
	}
	const script = `cd /sys/fs/cgroup; mkdir sub 2>/dev/null && echo 1 > sub/cgroup.procs && echo made
{ echo 1 > cgroup.max.depth; } 2>/dev/null && echo limit
stat -c %u . cgroup.procs`
	for name, test := range map[string]struct {
		edits []harness.Edit
		want  string
	}{
		"root of a user namespace": {[]harness.Edit{harness.UserNamespace, mount("nosuid")}, "made\n0\n0"},
		"its user":                 {[]harness.Edit{harness.UserNamespace, mount("ro", "rw"), user(7)}, "made\n7\n7"},
		"a user of the host's":     {[]harness.Edit{mount(), user(7)}, "made\n7\n7"},
		"read-only":                {[]harness.Edit{harness.UserNamespace, mount("ro")}, "65534\n65534"},
		"all read-only":            {[]harness.Edit{mount("rro"), user(7)}, "0\n0"},
		"the host's tree":          {[]harness.Edit{mount(), user(7), harness.Without(specs.CgroupNamespace)}, "0\n0"},
	} {
		t.Run(name, func(t *testing.T) {
			equal(t, "said", test.want, newContainer(t, append(test.edits, harness.Shell(script))...).succeed())
		})
	}
}

// TestPlanOfWhatIsRefused: that a limit needs a cgroup is a check in the plan, whose mounts
// are planned all the same.
func TestPlanOfWhatIsRefused(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/true"), harness.Without(specs.CgroupNamespace), func(spec *specs.Spec) {
		limit := int64(5)
		spec.Linux.Resources = &specs.LinuxResources{Pids: &specs.LinuxPids{Limit: &limit}}
	})
	c.CgroupManager = parent.NoCgroup
	preview, err := parent.NewPreview(c.Options)
	must(t, err)
	if !preflight.Failed(preview.Checks) {
		t.Error("no check failed")
	}
}
