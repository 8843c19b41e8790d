package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
)

// holder is a process in new namespaces.
func holder(t *testing.T, flags uintptr) int { return holderWith(t, flags, true) }

// holderWith also says whether setgroups(2) is allowed in its user namespace.
func holderWith(t *testing.T, flags uintptr, setgroups bool) int {
	t.Helper()
	command := exec.Command("sleep", "1000")
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: syscall.SIGKILL}
	if flags&syscall.CLONE_NEWUSER != 0 {
		command.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: int(harness.HostID(0)), Size: 65536}}
		command.SysProcAttr.GidMappingsEnableSetgroups = setgroups
		command.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: int(harness.HostID(0)), Size: 65536}}
	}
	must(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return command.Process.Pid
}

// files are the namespaces' names in /proc/PID/ns.
var files = map[specs.LinuxNamespaceType]string{
	specs.PIDNamespace: "pid", specs.NetworkNamespace: "net", specs.IPCNamespace: "ipc", specs.UTSNamespace: "uts",
	specs.CgroupNamespace: "cgroup", specs.UserNamespace: "user", specs.TimeNamespace: "time",
}

func TestNamespacesJoinedByPath(t *testing.T) {
	harness.Need(t, harness.Container...)
	for kind, flag := range map[specs.LinuxNamespaceType]uintptr{
		specs.PIDNamespace: syscall.CLONE_NEWPID, specs.NetworkNamespace: syscall.CLONE_NEWNET, specs.IPCNamespace: syscall.CLONE_NEWIPC,
		specs.UTSNamespace: syscall.CLONE_NEWUTS, specs.CgroupNamespace: syscall.CLONE_NEWCGROUP, specs.TimeNamespace: syscall.CLONE_NEWTIME,
	} {
		t.Run(string(kind), func(t *testing.T) {
			path := fmt.Sprintf("/proc/%d/ns/%s", holder(t, flag), files[kind])
			want, err := os.Readlink(path)
			must(t, err)
			c := newContainer(t, harness.Probing(t), harness.Namespace(kind, path), func(spec *specs.Spec) {
				if kind == specs.UTSNamespace {
					spec.Hostname = ""
				}
			})
			equal(t, string(kind), want, c.probe().Namespaces[files[kind]])
		})
	}
}

// All namespaces of a pod's infrastructure container, including its user namespace, but
// with the container's own mount and PID namespaces.
func TestNamespacesOfAPod(t *testing.T) {
	harness.Need(t, harness.Container...)
	pod := holder(t, syscall.CLONE_NEWUSER|syscall.CLONE_NEWNET|syscall.CLONE_NEWIPC|syscall.CLONE_NEWUTS)
	joined := []specs.LinuxNamespaceType{specs.UserNamespace, specs.NetworkNamespace, specs.IPCNamespace, specs.UTSNamespace}
	c := newContainer(t, harness.Probing(t), harness.UserNamespace, func(spec *specs.Spec) {
		spec.Hostname = ""
		for _, kind := range joined {
			harness.Namespace(kind, fmt.Sprintf("/proc/%d/ns/%s", pod, files[kind]))(spec)
		}
	})
	report := c.probe()
	for _, kind := range joined {
		want, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pod, files[kind]))
		must(t, err)
		equal(t, string(kind), want, report.Namespaces[files[kind]])
	}
	equal(t, "uid", 0, report.UID)
	equal(t, "pid", "1", report.Status["Pid"])
}

// A user namespace in which setgroups(2) is denied, such as one made by an ordinary user,
// can be joined by a process that asks for no groups. Those of the runtime are gone.
func TestUserNamespaceWithoutSetgroups(t *testing.T) {
	harness.Need(t, harness.Container...)
	pod := holderWith(t, syscall.CLONE_NEWUSER, false)
	join := func(spec *specs.Spec) {
		harness.UserNamespace(spec)
		harness.Namespace(specs.UserNamespace, fmt.Sprintf("/proc/%d/ns/user", pod))(spec)
	}
	report := newContainer(t, harness.Probing(t, "/proc/self/setgroups"), join).probe()
	equal(t, "setgroups", "deny\n", report.Files["/proc/self/setgroups"].Content)
	equal(t, "ids", []int{0, 0}, []int{report.UID, report.GID})
	equal(t, "groups", 0, len(report.Groups))

	err := newContainer(t, harness.Args("/bin/true"), join, func(spec *specs.Spec) {
		spec.Process.User.AdditionalGids = []uint32{10}
	}).refuse()
	for _, want := range []string{"process.user.additionalGids", "[10]", "setgroups(2) is denied"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want it to say %q", err, want)
		}
	}
}

// SPEC: M-TRUST-3
func TestUserNamespaceOfFiveExtents(t *testing.T) {
	c := newContainer(t, harness.Probing(t, "/proc/self/uid_map", "/proc/self/gid_map", "/etc/passwd"), harness.UserNamespace, func(spec *specs.Spec) {
		var mappings []specs.LinuxIDMapping
		for i := range uint32(5) {
			mappings = append(mappings, specs.LinuxIDMapping{ContainerID: 1000 * i, HostID: harness.HostID(10000 * i), Size: 1000})
		}
		spec.Linux.UIDMappings, spec.Linux.GIDMappings = mappings, mappings
		spec.Process.User = specs.User{UID: 4999, GID: 3000}
	})
	report := c.probe()
	want := "0 100000 1000\n1000 110000 1000\n2000 120000 1000\n3000 130000 1000\n4000 140000 1000"
	for _, file := range []string{"/proc/self/uid_map", "/proc/self/gid_map"} {
		var lines []string
		for line := range strings.Lines(report.Files[file].Content) {
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
		equal(t, file, want, strings.Join(lines, "\n"))
	}
	equal(t, "ids", []int{4999, 3000}, []int{report.UID, report.GID})
	equal(t, "a file of the root user's", "100644 0:0", report.Files["/etc/passwd"].Stat)
}

func TestUserNamespaceHasFullCapabilitiesOnlyIfAsked(t *testing.T) {
	report := newContainer(t, harness.Probing(t), harness.UserNamespace).probe()
	equal(t, "capabilities", []string{
		"0000000020000420", "0000000020000420", "0000000020000420", "0000000000000000", "0000000000000000",
	}, capabilities(report.Status))
	equal(t, "attempt to mount", "EPERM", report.Attempts["mount"])
}

// A namespace that is not listed is the runtime's (config-linux.md, "Namespaces"); only the
// mount namespace must be the container's own.
func TestNamespacesOfTheHost(t *testing.T) {
	edits := []harness.Edit{harness.Probing(t), func(spec *specs.Spec) { spec.Hostname = "" }}
	for kind := range files {
		edits = append(edits, harness.Without(kind))
	}
	report := newContainer(t, edits...).probe()
	for _, name := range files {
		ours, err := os.Readlink("/proc/self/ns/" + name)
		must(t, err)
		equal(t, name, ours, report.Namespaces[name])
	}
}

func TestBindMountPropagation(t *testing.T) {
	directory := harness.Directory(t)
	wanted := map[string]string{"private": "", "slave": "master", "shared": "shared", "unbindable": "unbindable"}
	report := newContainer(t, harness.Probing(t), func(spec *specs.Spec) {
		for option := range wanted {
			spec.Mounts = append(spec.Mounts, harness.Bind(directory, "/"+option, option, "ro", "nosuid"))
		}
	}).probe()
	seen := map[string]string{}
	for _, mount := range report.Mounts {
		if _, is := wanted[strings.TrimPrefix(mount.Point, "/")]; is {
			seen[strings.TrimPrefix(mount.Point, "/")] = mount.Propagation
			if !strings.HasPrefix(mount.Options, "ro,nosuid") {
				t.Errorf("%s has options %s", mount.Point, mount.Options)
			}
		}
	}
	seen["shared"], _, _ = strings.Cut(seen["shared"], " ") // it may also have a master
	equal(t, "propagation", wanted, seen)
}
