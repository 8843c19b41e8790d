package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
)

// newSystemdUser makes the guest's ordinary user, with a manager of their own, and a
// container whose scope that makes. The user's processes are outside the manager, like
// those of a login.
func newSystemdUser(t *testing.T, edits ...harness.Edit) *rootless {
	t.Helper()
	harness.NeedSystemd(t)
	needTester(t)
	runtime := fmt.Sprintf("/run/user/%d", testerUID)
	startUserManager(t, runtime)
	u := newRootless(t, testerUID, append([]harness.Edit{subordinate(testerUID), func(spec *specs.Spec) {
		spec.Linux.Resources = &specs.LinuxResources{}
	}}, edits...)...)
	u.runtime, u.host, u.flags = runtime, hostRoot, []string{"--systemd-cgroup"}
	return u
}

// hostRoot has the mounts that systemd makes, which the tests' namespace lacks.
const hostRoot = "/proc/1/root"

func startUserManager(t *testing.T, runtime string) {
	t.Helper()
	if _, err := os.Stat(hostRoot + runtime + "/bus"); err == nil {
		return
	}
	if output, err := exec.Command("loginctl", "enable-linger", "tester").CombinedOutput(); err != nil {
		t.Fatalf("loginctl enable-linger: %v: %s", err, output)
	}
	waitUntil(t, func() bool { _, err := os.Stat(hostRoot + runtime + "/bus"); return err == nil })
}

// userGroup is where the user's manager makes its cgroups.
var userGroup = fmt.Sprintf("/user.slice/user-%d.slice/user@%d.service", testerUID, testerUID)

func TestSystemdUserLifecycle(t *testing.T) {
	u := newSystemdUser(t, harness.Pids(20), harness.Args("/bin/sleep", "1000"))
	u.succeed("create", "--bundle", u.bundle, u.id)
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", u.state().PID))
	must(t, err)
	equal(t, "cgroup", "0::"+userGroup+"/user.slice/fsrun-"+u.id+".scope\n", string(content))
	u.succeed("delete", "--force", u.id)
	lifecycle(t, u, strconv.Itoa(testerUID))
}

func TestSystemdUserLimits(t *testing.T) {
	u := newSystemdUser(t, harness.Pids(1), harness.Memory(64<<20), harness.Shell("exec cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/memory.max"))
	equal(t, "the limits inside", "1\n67108864", u.run())
}

// A controller that was not delegated to the user's manager is refused with the remedy, and
// available with it.
func TestSystemdUserDelegation(t *testing.T) {
	u := newSystemdUser(t, func(spec *specs.Spec) {
		spec.Linux.Resources.CPU = &specs.LinuxCPU{Cpus: "0"}
	}, harness.Args("/bin/cat", "/sys/fs/cgroup/cpuset.cpus"))
	const remedy = "/etc/systemd/system/user@.service.d/delegate.conf"
	u.refuse([]string{"linux.resources.cpu.cpus", "cpuset", remedy, "Delegate=cpu cpuset io memory pids"}, "run", "--bundle", u.bundle, u.id)

	must(t, os.MkdirAll(filepath.Dir(remedy), 0o755))
	must(t, os.WriteFile(remedy, []byte("[Service]\nDelegate=cpu cpuset io memory pids\n"), 0o644))
	restart := func() {
		reload(t)
		output, err := exec.Command("systemctl", "restart", fmt.Sprintf("user@%d.service", testerUID)).CombinedOutput()
		if err != nil {
			t.Fatalf("restart: %v: %s", err, output)
		}
		waitUntil(t, func() bool { _, err := os.Stat(hostRoot + u.runtime + "/bus"); return err == nil })
	}
	t.Cleanup(func() {
		must(t, os.RemoveAll(filepath.Dir(remedy)))
		restart()
	})
	restart()
	equal(t, "the processors inside", "0", u.run())
}

func TestSystemdUserWithoutSession(t *testing.T) {
	u := newSystemdUser(t)
	u.runtime, u.host = u.place, ""
	u.refuse([]string{"the user bus", u.place + "/bus", "loginctl enable-linger", "XDG_RUNTIME_DIR=/run/user/UID"}, "run", "--bundle", u.bundle, u.id)
}

// The system manager makes no scope for an ordinary user who insists on one.
func TestSystemdUserIsNotRoot(t *testing.T) {
	u := newSystemdUser(t, harness.Args("/bin/true"))
	u.succeed("run", "--bundle", u.bundle, u.id)
	output, err := exec.Command("systemctl", "list-units", "--all", "--no-legend", "fsrun-*").Output()
	must(t, err)
	if strings.Contains(string(output), u.id) {
		t.Errorf("the system's manager has %s", output)
	}
}
