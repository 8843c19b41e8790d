package preflight

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/cgroupv2/devfilter"
	"github.com/fsrun/fsrun/parent/bundle"
)

// Machine checks what this machine can do for the caller's containers.
func Machine(stateRoot string) []Check {
	checks := []Check{kernel(), privileges(), stateDirectory(stateRoot)}
	checks = append(checks, cgroups()...)
	for _, namespace := range bundle.Namespaces {
		checks = append(checks, namespaceKind(namespace))
	}
	checks = append(checks, userNamespaces(), seccompFilters(), deviceProgram(), overlay(), idmapped(), systemd())
	return append(checks, subordinateIDs()...)
}

// The oldest kernel with everything that every container needs; the newest of that is
// cgroup.kill.
const leastMajor, leastMinor = 5, 14

func kernel() Check {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return judge("kernel", "", "", os.NewSyscallError("uname", err))
	}
	release := unix.ByteSliceToString(name.Release[:])
	var major, minor int
	_, err := fmt.Sscanf(release, "%d.%d", &major, &minor)
	if err == nil && (major < leastMajor || major == leastMajor && minor < leastMinor) {
		err = errors.New("it is too old")
	}
	return judge("kernel", "Linux "+release, "", err).remedy("use Linux %d.%d or newer", leastMajor, leastMinor)
}

func privileges() Check {
	if os.Geteuid() == 0 {
		return Check{Name: "privileges", Result: Holds, Found: "root"}
	}
	return Check{Name: "privileges", Result: Holds, Found: fmt.Sprintf("user %d: containers need a user namespace", os.Geteuid())}
}

// A file of each controller, to ask for it.
var controllerFiles = [...]struct {
	controller, file string
	optional         bool
}{
	{"cpu", "cpu.max", false}, {"memory", "memory.max", false}, {"pids", "pids.max", false}, {"io", "io.max", true},
	{"cpuset", "cpuset.cpus", true}, {"hugetlb", "hugetlb.2MB.max", true}, {"rdma", "rdma.max", true},
}

// cgroups checks for the tree and its controllers, and whether groups can be made.
// Everything but the tree is optional: a bundle need not ask for limits.
func cgroups() []Check {
	tree, err := cgroupv2.Find()
	if err != nil {
		return []Check{judge("cgroup tree", "", "", err).remedy("mount -t cgroup2 none /sys/fs/cgroup")}
	}
	defer tree.Close()
	checks := []Check{{Name: "cgroup tree", Object: tree.Mount(), Result: Holds}}
	for _, one := range controllerFiles {
		checks = append(checks, controller(tree, one.controller, one.file).optional())
	}
	return append(checks, delegation(tree))
}

func controller(tree *cgroupv2.Tree, name, file string) Check {
	limits, err := cgroupv2.Compute(&specs.LinuxResources{Unified: map[string]string{file: "max"}})
	if err == nil {
		err = tree.Check(limits)
	}
	var lacking *cgroupv2.ControllerError
	if errors.As(err, &lacking) {
		lacking.Setting = cgroupv2.Setting{} // no setting asked for it
	}
	return judge("cgroup controller", name, "", err)
}

// delegation checks whether the caller can make groups that controllers are handed down to:
// for root at the top of the tree, for others beside their own group.
func delegation(tree *cgroupv2.Tree) Check {
	directory := tree.Mount()
	if os.Geteuid() != 0 {
		own, err := tree.Own()
		if err != nil {
			return judge("cgroup delegation", "", "", err).optional()
		}
		directory = path.Join(directory, path.Dir(own))
	}
	for _, file := range []string{"", "cgroup.procs", "cgroup.subtree_control"} {
		name := path.Join(directory, file)
		if err := unix.Access(name, unix.W_OK); err != nil {
			return judge("cgroup delegation", directory, "", &os.PathError{Op: "access", Path: name, Err: err}).
				remedy("start fsrun within a delegated group, such as systemd-run --user --scope -p Delegate=yes, or have an administrator set Delegate=yes").optional()
		}
	}
	available, err := readTrimmed(path.Join(directory, "cgroup.controllers"))
	return judge("cgroup delegation", directory, "", err).noting("controllers: %s", orNone(available)).optional()
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// namespaceKind checks whether the kernel has a type of namespace and permits new ones
// (namespaces(7), /proc/sys/user).
func namespaceKind(namespace bundle.Namespace) Check {
	const name = "namespace"
	kind := string(namespace.Type)
	if _, err := os.Stat("/proc/self/ns/" + namespace.File); err != nil {
		return judge(name, kind, "", errors.New("this kernel does not have it")).remedy("use a kernel that is built with CONFIG_%s_NS", strings.ToUpper(namespace.File))
	}
	file := "/proc/sys/user/max_" + namespace.File + "_namespaces"
	most, err := readTrimmed(file)
	if err == nil && most == "0" {
		return judge(name, kind, "", fmt.Errorf("%s is 0", file)).remedy("sysctl user.max_%s_namespaces=15000", namespace.File)
	}
	return Check{Name: name, Object: kind, Result: Holds}
}

// restrictions lists what distributions add to restrict user namespaces of unprivileged
// users.
var restrictions = [...]struct{ file, bad, remedy string }{
	{"/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"},
	{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for fsrun with userns"},
}

func userNamespaces() Check {
	const name = "user namespaces without privileges"
	for _, one := range restrictions {
		if value, err := readTrimmed(one.file); err == nil && value == one.bad {
			return judge(name, "", "", fmt.Errorf("%s is %s", one.file, value)).remedy("%s", one.remedy).optional()
		}
	}
	return Check{Name: name, Result: Holds, Optional: true}
}

func seccompFilters() Check {
	actions, err := readTrimmed(actionsFile)
	return judge("seccomp", "", "", err).remedy("use a kernel with CONFIG_SECCOMP_FILTER").noting("actions: %s", actions).optional()
}

// deviceProgram has the kernel verify the program of the default devices, and discards it.
func deviceProgram() Check {
	instructions, err := devfilter.Compile(devfilter.WithDefaults(nil))
	if err == nil {
		var program *devfilter.Program
		if program, err = devfilter.Load(instructions); err == nil {
			program.Close()
		}
	}
	return judge("device programs", "eBPF", "linux.resources.devices", err).remedy("leave linux.resources.devices out").optional()
}

// overlay asks for a file system context, which mounts nothing.
func overlay() Check {
	check := Check{Name: "overlay", Result: Holds, Optional: true}
	context, err := unix.Fsopen("overlay", unix.FSOPEN_CLOEXEC)
	switch {
	case err == nil:
		unix.Close(context)
	case errors.Is(err, unix.EPERM):
		known, err := fileSystems()
		if err == nil && !slices.Contains(known, "overlay") {
			check.Result, check.Found = Unknown, "only root can have its module loaded"
		}
	default:
		check = judge("overlay", "", "", os.NewSyscallError("fsopen", err)).optional()
	}
	return check.remedy("modprobe overlay; without it fsrun copies its binary for every start where it has to be sealed")
}

// idmapped reports what is known about ID-mapped mounts: the kernel supports them, but
// which file systems do is only known once it has been tried.
func idmapped() Check {
	check := Check{Name: "ID-mapped mounts", Result: Holds, Optional: true, Found: "the file system decides, see mount_setattr(2)"}
	if os.Geteuid() != 0 {
		check.Result, check.Found = Lacks, "they need CAP_SYS_ADMIN in the user namespace that the file system belongs to"
		check.Hint = "run as root, or give the files to the container's ids"
	}
	return check
}

func systemd() Check {
	_, err := os.Stat("/run/systemd/system") // sd_booted(3)
	check := judge("systemd", "", "", err).optional()
	if err != nil {
		check.Found, check.Hint = "it is not the service manager here", "cgroups are made in the cgroup file system, which needs no systemd"
	}
	return check
}

func subordinateIDs() []Check {
	uid := os.Geteuid()
	name := userName(uid)
	var checks []Check
	for _, ids := range []struct{ file, program string }{{"/etc/subuid", "newuidmap"}, {"/etc/subgid", "newgidmap"}} {
		granted, err := subordinate(ids.file, name, uid)
		var shown []string
		for _, r := range granted {
			shown = append(shown, fmt.Sprintf("%d-%d", r.first, r.first+r.count-1))
		}
		check := judge("subordinate ids", ids.file, "", err).noting("%s", strings.Join(shown, " "))
		if uid == 0 && err != nil {
			check.Result, check.Found = Holds, "root needs none" // root may write any mapping
		}
		checks = append(checks, check.remedy("%s", subidHint(name)).optional())
		if uid != 0 {
			checks = append(checks, judge("program", ids.program, "", helper(ids.program)).remedy("%s", subidHint(name)).optional())
		}
	}
	return checks
}
