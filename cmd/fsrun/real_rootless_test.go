package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent/bundle"
)

// rootless is an ordinary user with an fsrun.
type rootless struct {
	t       *testing.T
	uid     int
	program string // fsrun
	place   string // a directory of the user's
	bundle  string
	id      string
	cgroup  *os.File // where the user's processes are born; nil: with ours
	runtime string   // XDG_RUNTIME_DIR
	host    string   // "/proc/1/root" for a user in the mount namespace of process 1
	wrapper []string // what executes fsrun, if anything
	flags   []string // global flags
}

// The users: one unknown to any machine, and the guest's, who has subordinate IDs.
const (
	nobodysUID = 54321
	testerUID  = 1000
)

// newRootless makes a user with a bundle that the user's own fsrun wrote, modified by
// edits. In the end the container is deleted, and nothing may be left.
func newRootless(t *testing.T, uid int, edits ...harness.Edit) *rootless {
	t.Helper()
	harness.Need(t, harness.Root, harness.Busybox)
	u := &rootless{t: t, uid: uid, program: commandForAll(t), place: harness.Directory(t), id: harness.ID(t)}
	u.runtime = u.place
	must(t, os.Chown(u.place, uid, uid))
	must(t, os.Chmod(u.place, 0o700))
	u.bundle = filepath.Join(u.place, "bundle")
	must(t, os.Mkdir(u.bundle, 0o755))
	harness.Rootfs(t, filepath.Join(u.bundle, "rootfs"))
	must(t, filepath.Walk(u.bundle, func(name string, _ os.FileInfo, err error) error {
		return errors.Join(err, os.Lchown(name, uid, uid))
	}))
	u.succeed("spec", "--rootless", "--bundle", u.bundle)
	loaded, err := os.ReadFile(filepath.Join(u.bundle, bundle.ConfigName))
	must(t, err)
	spec, err := bundle.ParseSpec(string(loaded))
	must(t, err)
	spec.Process.Terminal = false
	for _, edit := range edits {
		edit(spec)
	}
	harness.WriteSpec(t, u.bundle, spec)
	must(t, os.Chown(filepath.Join(u.bundle, bundle.ConfigName), uid, uid))
	snapshot := harness.Watch(t)
	t.Cleanup(func() {
		u.succeed("delete", "--force", u.id)
		if left, _ := os.ReadDir(filepath.Join(u.host+u.runtime, "fsrun")); len(left) > 0 {
			t.Errorf("the state directory has %v left", left)
		}
		snapshot.Settled()
	})
	return u
}

// commandForAll is an fsrun that every user may execute, unlike a test's binary.
func commandForAll(t *testing.T) string {
	t.Helper()
	source, err := os.Open("/proc/self/exe")
	must(t, err)
	defer source.Close()
	target, err := os.OpenFile(filepath.Join(harness.Directory(t), commandName), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	must(t, err)
	_, err = io.Copy(target, source)
	must(t, errors.Join(err, target.Close()))
	return target.Name()
}

// command runs fsrun as the user, with XDG_RUNTIME_DIR and nothing else from a login.
func (u *rootless) command(arguments ...string) *exec.Cmd {
	arguments = slices.Concat(u.wrapper, []string{u.program}, u.flags, arguments)
	credential := &syscall.Credential{Uid: uint32(u.uid), Gid: uint32(u.uid)}
	if u.host != "" {
		user := strconv.Itoa(u.uid)
		enter := []string{"nsenter", "--mount=/proc/1/ns/mnt", "setpriv", "--reuid=" + user, "--regid=" + user, "--clear-groups"}
		arguments, credential = append(enter, arguments...), nil
	}
	command := exec.Command(arguments[0], arguments[1:]...)
	command.Dir = u.place
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + u.place, "XDG_RUNTIME_DIR=" + u.runtime}
	command.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Pdeathsig: syscall.SIGKILL}
	if u.cgroup != nil {
		command.SysProcAttr.UseCgroupFD, command.SysProcAttr.CgroupFD = true, int(u.cgroup.Fd())
	}
	return command
}

// call runs a command line; the output of a container that continues goes to a file.
func (u *rootless) call(arguments ...string) (stdout, stderr string, status int) {
	u.t.Helper()
	output, err := os.CreateTemp(u.t.TempDir(), "")
	must(u.t, err)
	defer output.Close()
	complaint, err := os.CreateTemp(u.t.TempDir(), "")
	must(u.t, err)
	defer complaint.Close()
	command := u.command(arguments...)
	command.Stdout, command.Stderr = output, complaint
	var ended *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &ended) {
		u.t.Fatal(err)
	}
	return read(u.t, output), read(u.t, complaint), command.ProcessState.ExitCode()
}

func read(t *testing.T, file *os.File) string {
	t.Helper()
	content, err := os.ReadFile(file.Name())
	must(t, err)
	return string(bytes.TrimSpace(content))
}

func (u *rootless) succeed(arguments ...string) string {
	u.t.Helper()
	stdout, stderr, status := u.call(arguments...)
	if status != 0 {
		u.t.Fatalf("fsrun %s: status %d: %s%s", strings.Join(arguments, " "), status, stdout, stderr)
	}
	return stdout
}

// refuse runs a command line that must fail, with a message that contains all parts.
func (u *rootless) refuse(parts []string, arguments ...string) {
	u.t.Helper()
	stdout, stderr, status := u.call(arguments...)
	if status == 0 {
		u.t.Errorf("fsrun %s succeeded: %s", strings.Join(arguments, " "), stdout)
	}
	for _, part := range parts {
		if !strings.Contains(stderr, part) {
			u.t.Errorf("%q does not say %q", stderr, part)
		}
	}
}

func (u *rootless) run() string {
	u.t.Helper()
	return u.succeed("run", "--bundle", u.bundle, u.id)
}

// hostIDs returns the effective user and group of a process on the host.
func hostIDs(t *testing.T, pid int) (uid, gid string) {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	must(t, err)
	for line := range strings.Lines(string(content)) {
		switch fields := strings.Fields(line); fields[0] {
		case "Uid:":
			uid = fields[2]
		case "Gid:":
			gid = fields[2]
		}
	}
	return uid, gid
}

// An ordinary user needs nothing but their own ID.
func TestRootlessOwnID(t *testing.T) {
	u := newRootless(t, nobodysUID, harness.Shell("id -u; id -g; cat /proc/self/uid_map; touch /home/x 2>&1 || true; hostname"))
	got := strings.Fields(u.run())
	want := []string{"0", "0", "0", strconv.Itoa(nobodysUID), "1", "touch:", "/home/x:", "Read-only", "file", "system", "fsrun"}
	if difference := cmp.Diff(want, got); difference != "" {
		t.Errorf("(-want +got):\n%s", difference)
	}
}

// An ordinary user's engine may already have made the user namespace and be its root, as
// Podman does: then the runtime has root's ID but none of the host's powers.
func TestRootlessInUserNamespace(t *testing.T) {
	harness.NeedProgram(t, "unshare")
	u := newRootless(t, nobodysUID, harness.Without(specs.UserNamespace), func(spec *specs.Spec) {
		spec.Linux.UIDMappings, spec.Linux.GIDMappings = nil, nil
		spec.Linux.Resources = &specs.LinuxResources{Devices: []specs.LinuxDeviceCgroup{{Allow: false, Access: "rwm"}}}
	}, harness.Shell("id -u; echo text > /dev/null && cat /dev/null; cat /proc/self/uid_map"))
	u.wrapper = []string{"unshare", "--user", "--map-root-user", "--mount"}
	stdout, stderr, status := u.call("run", "--bundle", u.bundle, u.id)
	if got := strings.Fields(stdout); status != 0 || !slices.Equal(got, []string{"0", "0", strconv.Itoa(nobodysUID), "1"}) {
		t.Errorf("status %d, %q, %q", status, stdout, stderr)
	}
	if !strings.Contains(stderr, "linux.resources.devices: left out") {
		t.Errorf("%q does not tell of the device rules", stderr)
	}
}

func TestRootlessLifecycle(t *testing.T) {
	lifecycle(t, newRootless(t, nobodysUID, harness.Args("/bin/sleep", "1000")), strconv.Itoa(nobodysUID))
}

// lifecycle goes through all verbs of a container whose program sleeps.
func lifecycle(t *testing.T, u *rootless, hostUser string) {
	t.Helper()
	u.succeed("create", "--bundle", u.bundle, u.id)
	equal(t, "created", "created", u.state().Status)
	u.succeed("start", u.id)
	running := u.state()
	equal(t, "started", "running", running.Status)
	uid, gid := hostIDs(t, running.PID)
	equal(t, "the user on the host", hostUser+" "+hostUser, uid+" "+gid)
	if _, err := os.Stat(filepath.Join(u.host+u.runtime, "fsrun", u.id, "state.json")); err != nil {
		t.Errorf("the state is not beneath XDG_RUNTIME_DIR: %v", err)
	}
	equal(t, "list -q", u.id, u.succeed("list", "-q"))
	equal(t, "exec", "0 fsrun", strings.ReplaceAll(u.succeed("exec", u.id, "/bin/sh", "-c", "id -u; hostname"), "\n", " "))
	u.refuse([]string{"is not stopped"}, "delete", u.id)
	u.succeed("kill", u.id, "KILL")
	waitUntil(t, func() bool { return u.state().Status == "stopped" })
	u.succeed("delete", u.id)
	u.refuse([]string{"does not exist"}, "state", u.id)
}

func (u *rootless) state() (s struct {
	Status string
	PID    int
}) {
	u.t.Helper()
	must(u.t, json.Unmarshal([]byte(u.succeed("state", u.id)), &s))
	return s
}

// Without ranges in /etc/subuid, the message contains the remedy.
func TestRootlessWithoutSubordinateIDs(t *testing.T) {
	u := newRootless(t, nobodysUID, subordinate(nobodysUID))
	u.refuse([]string{"linux.gidMappings", "newgidmap", "/etc/subuid and /etc/subgid"}, "run", "--bundle", u.bundle, u.id)
}

// Limits are refused, with the remedy, if there can be no cgroup.
func TestRootlessLimitsWithoutDelegation(t *testing.T) {
	harness.Need(t, harness.Controller("pids"))
	u := newRootless(t, nobodysUID, func(spec *specs.Spec) {
		spec.Linux.Resources = &specs.LinuxResources{}
		harness.Pids(5)(spec)
	})
	outside, err := os.Open(harness.CgroupMount) // processes in the root are in nobody's way
	must(t, err)
	defer outside.Close()
	u.cgroup = outside
	u.refuse([]string{"takes no new group", "permission denied", "delegated to this user", "systemd-run --user --scope -p Delegate=yes"},
		"run", "--bundle", u.bundle, u.id)
	u.cgroup = nil
}

// subordinate maps the user to root, and the subordinate IDs to all others.
func subordinate(uid int) harness.Edit {
	return func(spec *specs.Spec) {
		mapping := []specs.LinuxIDMapping{{ContainerID: 0, HostID: uint32(uid), Size: 1}, {ContainerID: 1, HostID: 100000, Size: 65536}}
		spec.Linux.UIDMappings, spec.Linux.GIDMappings = mapping, slices.Clone(mapping)
	}
}

// needTester skips the test outside the guest, whose user tester has subordinate IDs.
func needTester(t *testing.T) {
	t.Helper()
	content, err := os.ReadFile("/etc/subuid")
	if err != nil || !strings.Contains(string(content), "tester:100000:65536") {
		t.Skip("needs the user tester with subordinate ids, as in the guest")
	}
	if _, err := exec.LookPath("newuidmap"); err != nil {
		t.Skip("needs newuidmap: ", err)
	}
}

func TestRootlessSubordinateIDs(t *testing.T) {
	needTester(t)
	u := newRootless(t, testerUID, subordinate(testerUID), func(spec *specs.Spec) {
		spec.Process.User = specs.User{UID: 33, GID: 44, AdditionalGids: []uint32{55}}
		spec.Root.Readonly = false
	}, harness.Shell("id; touch /tmp/x; stat -c %u:%g /tmp/x; cat /proc/self/setgroups"))
	must(t, os.Chmod(filepath.Join(u.bundle, "rootfs/tmp"), 0o777))
	equal(t, "inside", "uid=33 gid=44 groups=55\n33:44\nallow", u.run())
	var stat syscall.Stat_t
	must(t, syscall.Stat(filepath.Join(u.bundle, "rootfs/tmp/x"), &stat))
	equal(t, "the file's owner on the host", "100032:100043", fmt.Sprintf("%d:%d", stat.Uid, stat.Gid))
}

func TestRootlessSubordinateLifecycle(t *testing.T) {
	needTester(t)
	lifecycle(t, newRootless(t, testerUID, subordinate(testerUID), harness.Args("/bin/sleep", "1000")), strconv.Itoa(testerUID))
}

// Device rules need root's privileges, and are unnecessary: nobody can make a device in a
// user namespace. They are left out with a warning.
func TestRootlessDeviceRules(t *testing.T) {
	harness.Need(t, harness.Controller("pids"))
	needTester(t)
	u := newRootless(t, testerUID, subordinate(testerUID), func(spec *specs.Spec) {
		spec.Linux.Resources = &specs.LinuxResources{Devices: []specs.LinuxDeviceCgroup{{Allow: false, Access: "rwm"}}}
		spec.Process.Capabilities.Bounding = append(spec.Process.Capabilities.Bounding, "CAP_MKNOD")
		spec.Process.Capabilities.Permitted = append(spec.Process.Capabilities.Permitted, "CAP_MKNOD")
		spec.Process.Capabilities.Effective = append(spec.Process.Capabilities.Effective, "CAP_MKNOD")
	}, harness.Shell("mknod /dev/x c 1 3 2>&1 || cat /dev/null"))
	u.delegate()
	stdout, stderr, status := u.call("run", "--bundle", u.bundle, u.id)
	if status != 0 || !strings.Contains(stdout, "not permitted") || !strings.Contains(stderr, "linux.resources.devices") {
		t.Errorf("status %d, %q, %q", status, stdout, stderr)
	}
}

// An ID that was not granted to the user is refused by newuidmap, and therefore by us.
func TestRootlessForeignIDs(t *testing.T) {
	needTester(t)
	u := newRootless(t, testerUID, subordinate(testerUID), func(spec *specs.Spec) { spec.Linux.UIDMappings[1].HostID = 200000 })
	u.refuse([]string{"linux.uidMappings", "newuidmap", "/etc/subuid"}, "run", "--bundle", u.bundle, u.id)
}

// delegate gives the user a cgroup, with the user's processes in a leaf of it.
func (u *rootless) delegate() {
	u.t.Helper()
	group := harness.CgroupMount + harness.Slice() + "-delegated"
	must(u.t, os.Mkdir(group, 0o755))
	u.t.Cleanup(func() { must(u.t, os.Remove(group)) })
	must(u.t, os.Mkdir(group+"/caller", 0o755))
	for _, name := range []string{"", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads", "/caller", "/caller/cgroup.procs"} {
		must(u.t, os.Chown(group+name, u.uid, u.uid))
	}
	leaf, err := os.Open(group + "/caller")
	must(u.t, err)
	u.cgroup = leaf
	u.t.Cleanup(func() {
		u.cgroup = nil
		leaf.Close()
		must(u.t, os.Remove(group+"/caller"))
	})
}

func TestRootlessDelegatedCgroup(t *testing.T) {
	harness.Need(t, harness.Controller("pids"), harness.Controller("memory"))
	needTester(t)
	u := newRootless(t, testerUID, subordinate(testerUID), func(spec *specs.Spec) {
		spec.Linux.Resources = &specs.LinuxResources{}
	}, harness.Pids(1), harness.Memory(64<<20), harness.Shell("exec cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/memory.max"))
	u.delegate()
	equal(t, "the limits inside", "1\n67108864", u.run())
}

func TestRootlessDelegatedLifecycle(t *testing.T) {
	harness.Need(t, harness.Controller("pids"))
	needTester(t)
	u := newRootless(t, testerUID, subordinate(testerUID), func(spec *specs.Spec) {
		spec.Linux.Resources = &specs.LinuxResources{}
	}, harness.Pids(10), harness.Args("/bin/sleep", "1000"))
	u.delegate()
	lifecycle(t, u, strconv.Itoa(testerUID))
}

// TestWithoutStateDirectory: a user without a default state directory can run whatever does
// not need one.
func TestWithoutStateDirectory(t *testing.T) {
	u := newRootless(t, nobodysUID)
	for _, arguments := range [][]string{{"help"}, {"help", "run"}, {"--version"}, {"features"}, {"spec", "--help"}, {"completion", "bash"}, {"plan", "--help"}} {
		command := u.command(arguments...)
		command.Env = []string{"PATH=" + os.Getenv("PATH")}
		if said, err := command.CombinedOutput(); err != nil {
			t.Errorf("%v: %v: %s", arguments, err, said)
		}
	}
	for _, arguments := range [][]string{{"list"}, {"state", u.id}, {"run", "--bundle", u.bundle, u.id}, {"wrap", "--", "/bin/true"}} {
		command := u.command(arguments...)
		command.Env = []string{"PATH=" + os.Getenv("PATH")}
		if said, err := command.CombinedOutput(); err == nil || !strings.Contains(string(said), "XDG_RUNTIME_DIR is not set") {
			t.Errorf("%v: %v: %s", arguments, err, said)
		}
	}
}

// TestRootlessCgroupOfAnother: an ordinary user's container that asks for no cgroup does
// without one if there is one of its name already, and then never touches that.
func TestRootlessCgroupOfAnother(t *testing.T) {
	u := newRootless(t, nobodysUID, harness.Args("/bin/sleep", "1000"))
	u.delegate()
	other := []string{"--root", filepath.Join(u.place, "other")}
	u.flags = other
	u.succeed("run", "--detach", "--bundle", u.bundle, u.id)
	defer func() {
		u.flags = other
		u.succeed("delete", "--force", u.id)
		u.flags = nil
	}()
	u.flags = nil
	u.succeed("run", "--detach", "--bundle", u.bundle, u.id)
	u.succeed("delete", "--force", u.id)
	u.flags = other
	equal(t, "the other container", "running", u.state().Status)
}
