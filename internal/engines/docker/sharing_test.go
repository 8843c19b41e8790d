package docker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/internal/engines/engine"
)

func TestInit(t *testing.T) {
	engine.Need(t)
	name := start(t, []string{"--init"}, "sh", "-c", "(sleep 10 &); exec sleep 1000")
	processes := func() int { return strings.Count(engine.Run(t, "docker", "exec", name, "ps", "-o", "comm"), "sleep") }
	if got := processes(); got != 2 {
		t.Errorf("there are %d processes that sleep, want 2", got)
	}
	if got := engine.Run(t, "docker", "exec", name, "cat", "/proc/1/comm"); got != "docker-init" {
		t.Errorf("process 1 is %q, want docker-init", got)
	}
	engine.Eventually(t, "the orphan is reaped", func() bool { return processes() == 1 })
	engine.Run(t, "docker", "stop", name)
	if got := inspect(t, name, "{{.State.ExitCode}}"); got != "143" {
		t.Errorf("the exit code is %s, want 143: SIGTERM was passed on", got)
	}
}

func TestBridge(t *testing.T) {
	engine.Need(t)
	name := start(t, []string{"--network=bridge"}, "sh", "-c", "while :; do echo greeting | nc -l -p 8080; done")
	address := inspect(t, name, "{{.NetworkSettings.IPAddress}}")
	engine.Eventually(t, "another container reads the greeting", func() bool {
		return engine.Try(t, runCommand([]string{"--network=bridge"}, "nc", "-w", "2", address, "8080")...).Output == "greeting"
	})
}

func TestSharedNamespaces(t *testing.T) {
	engine.Need(t)
	name := start(t, []string{"--ipc=shareable"}, "sleep", "1000")
	links := func(arguments ...string) []string {
		script := "for n in ipc net pid uts; do readlink /proc/self/ns/$n; done"
		return engine.Fields(t, append(arguments, "sh", "-c", script)...)
	}
	first := links("docker", "exec", name)
	second := links("docker", "run", "--rm", "--ipc=container:"+name, "--network=container:"+name, "--pid=container:"+name, image)
	for index, kind := range []string{"ipc", "net", "pid"} {
		if first[index] != second[index] {
			t.Errorf("the %s namespaces are %s and %s, want one", kind, first[index], second[index])
		}
	}
	if first[3] == second[3] {
		t.Errorf("the uts namespace is one, want two")
	}
}

func TestHostNamespaces(t *testing.T) {
	engine.Need(t)
	got := strings.Fields(run(t, []string{"--network=host", "--pid=host", "--uts=host", "--ipc=host"}, "sh", "-c",
		"for n in net pid uts ipc; do readlink /proc/self/ns/$n; done"))
	for index, kind := range []string{"net", "pid", "uts", "ipc"} {
		if want, err := os.Readlink("/proc/self/ns/" + kind); err != nil || got[index] != want {
			t.Errorf("the %s namespace is %s, want the host's %s (%v)", kind, got[index], want, err)
		}
	}
}

func TestVolumes(t *testing.T) {
	engine.Need(t)
	directory := t.TempDir()
	if err := os.WriteFile(filepath.Join(directory, "file"), []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := run(t, []string{"--volume=" + directory + ":/data"}, "sh", "-c", "cat /data/file; touch /data/new"); got != "content" {
		t.Errorf("the volume's file holds %q", got)
	}
	if _, err := os.Stat(filepath.Join(directory, "new")); err != nil {
		t.Error(err)
	}
	engine.Fail(t, 1, []string{"Read-only file system"}, runCommand([]string{"--volume=" + directory + ":/data:ro"}, "touch", "/data/other")...)
	if got := run(t, []string{"--volume=" + directory + "/file:/etc/single:ro"}, "cat", "/etc/single"); got != "content" {
		t.Errorf("the single file holds %q", got)
	}
	got := run(t, []string{"--mount=type=bind,source=" + directory + ",target=/data,bind-propagation=rslave"}, "grep", " /data ", "/proc/self/mountinfo")
	if !strings.Contains(got, "master:") {
		t.Errorf("the mount is %q, want a slave", got)
	}
}

func TestHostnameSysctlShm(t *testing.T) {
	engine.Need(t)
	got := run(t, []string{"--hostname=named", "--domainname=example.org", "--sysctl=net.ipv4.ip_unprivileged_port_start=81", "--sysctl=kernel.msgmax=4096", "--shm-size=3m"},
		"sh", "-c", "hostname; cat /proc/sys/kernel/domainname /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/msgmax; df -k /dev/shm | awk 'END {print $2}'")
	if got != "named\nexample.org\n81\n4096\n3072" {
		t.Errorf("the container shows %q", got)
	}
}

func TestNothingIsLeft(t *testing.T) {
	engine.Need(t)
	if left := engine.Run(t, "docker", "ps", "--all", "--quiet"); left != "" {
		t.Fatalf("containers are left: %s", left)
	}
	for _, pattern := range used.left {
		left, err := filepath.Glob(pattern)
		if err != nil || len(left) > 0 {
			t.Errorf("left behind: %v (%v)", left, err)
		}
	}
}
