package docker

import (
	"strings"
	"testing"

	"github.com/fsrun/fsrun/internal/engines/engine"
)

// status returns a field of /proc/self/status in a container.
func status(t *testing.T, options []string, field string) string {
	t.Helper()
	_, value, _ := strings.Cut(run(t, options, "grep", "^"+field+":", "/proc/self/status"), ":")
	return strings.TrimSpace(value)
}

func TestDefaultSeccomp(t *testing.T) {
	engine.Need(t)
	if got := status(t, nil, "Seccomp"); got != "2" {
		t.Errorf("Seccomp is %s, want 2: a filter", got)
	}
	engine.Fail(t, -1, []string{"not permitted"}, runCommand(nil, "unshare", "-U", "true")...)
}

func TestOwnSeccomp(t *testing.T) {
	engine.Need(t)
	options := []string{"--security-opt=seccomp=testdata/seccomp.json"}
	engine.Fail(t, -1, []string{"Operation not supported"}, runCommand(options, "mkdir", "/tmp/a")...)
	engine.Fail(t, -1, []string{"not permitted"}, runCommand(options, "kill", "-USR1", "1")...)
	run(t, options, "sh", "-c", "kill -WINCH 1; touch /tmp/b")
}

func TestNoSeccomp(t *testing.T) {
	engine.Need(t)
	if got := status(t, []string{"--security-opt=seccomp=unconfined"}, "Seccomp"); got != "0" {
		t.Errorf("Seccomp is %s, want 0", got)
	}
}

func TestAppArmor(t *testing.T) {
	engine.Need(t)
	if got := run(t, nil, "cat", "/proc/self/attr/current"); got != "docker-default (enforce)" {
		t.Errorf("the profile is %q, want docker-default (enforce)", got)
	}
	if got := run(t, []string{"--security-opt=apparmor=unconfined"}, "cat", "/proc/self/attr/current"); got != "unconfined" {
		t.Errorf("the profile is %q, want unconfined", got)
	}
}

func TestNoNewPrivileges(t *testing.T) {
	engine.Need(t)
	if got := status(t, []string{"--security-opt=no-new-privileges"}, "NoNewPrivs"); got != "1" {
		t.Errorf("NoNewPrivs is %s, want 1", got)
	}
	if got := status(t, nil, "NoNewPrivs"); got != "0" {
		t.Errorf("NoNewPrivs is %s, want 0", got)
	}
}

func TestCapabilities(t *testing.T) {
	engine.Need(t)
	const netRaw = "0000000000002000"
	if got := status(t, []string{"--cap-drop=ALL", "--cap-add=NET_RAW"}, "CapEff"); got != netRaw {
		t.Errorf("CapEff is %s, want %s", got, netRaw)
	}
	if got := status(t, []string{"--cap-drop=ALL"}, "CapBnd"); strings.Trim(got, "0") != "" {
		t.Errorf("CapBnd is %s, want none", got)
	}
}

func TestPrivileged(t *testing.T) {
	engine.Need(t)
	got := run(t, []string{"--privileged"}, "sh", "-c", "mount -t tmpfs none /tmp && touch /sys/fs/cgroup/cgroup.max.depth && mknod /tmp/k c 1 11 && head -c 1 /dev/nullb0 | wc -c")
	if got != "1" {
		t.Errorf("a privileged container printed %q, want 1", got)
	}
}

func TestUser(t *testing.T) {
	engine.Need(t)
	if got := run(t, []string{"--user=1000:1000", "--group-add=2001"}, "id"); got != "uid=1000(user) gid=1000(user) groups=1000(user),2001" {
		t.Errorf("id printed %q", got)
	}
	if got := run(t, []string{"--user=user", "--workdir=/home/user"}, "sh", "-c", "id -G; pwd; echo $HOME"); got != "1000 2000\n/home/user\n/home/user" {
		t.Errorf("a named user has %q", got)
	}
}

func TestReadOnly(t *testing.T) {
	engine.Need(t)
	options := []string{"--read-only", "--tmpfs=/tmp:size=1m,noexec"}
	engine.Fail(t, 1, []string{"Read-only file system"}, runCommand(options, "touch", "/file")...)
	got := run(t, options, "sh", "-c", "touch /tmp/file && grep ' /tmp ' /proc/self/mounts")
	for _, want := range []string{"size=1024k", "noexec"} {
		if !strings.Contains(got, want) {
			t.Errorf("/tmp is mounted as %q, want %s", got, want)
		}
	}
}

func TestDevice(t *testing.T) {
	engine.Need(t)
	const open = "exec 3<>/dev/mine && echo opened"
	if got := run(t, []string{"--device=/dev/net/tun:/dev/mine"}, "sh", "-c", open); got != "opened" {
		t.Errorf("the device gave %q", got)
	}
	engine.Fail(t, -1, []string{"not permitted"}, runCommand([]string{"--device=/dev/net/tun:/dev/mine:r"}, "sh", "-c", open)...)
	// Without the option there is no such device, and making the node does not help.
	engine.Fail(t, -1, []string{"not permitted"}, runCommand(nil, "sh", "-c", "mknod /dev/mine c 10 200 && "+open)...)
	if got := run(t, []string{"--device-cgroup-rule=c 10:200 rwm"}, "sh", "-c", "mknod /dev/mine c 10 200; "+open); got != "opened" {
		t.Errorf("with a rule the node gave %q", got)
	}
}

func TestMaskedAndReadOnlyPaths(t *testing.T) {
	engine.Need(t)
	got := run(t, nil, "sh", "-c", "wc -c < /proc/keys; ls /proc/acpi /sys/firmware; echo x 2>/dev/null > /proc/sys/kernel/hostname || echo refused")
	if got != "0\n/proc/acpi:\n\n/sys/firmware:\nrefused" {
		t.Errorf("the masked paths show %q", got)
	}
}
