package kubernetes

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/fsrun/fsrun/internal/engines/engine"
)

func TestSecurityContext(t *testing.T) {
	p := startPod(t, nil)
	for _, test := range []struct {
		name     string
		security object
		script   string
		want     string
	}{
		{"RunAsUser", object{"run_as_user": object{"value": 1000}, "run_as_group": object{"value": 1000}, "supplemental_groups": []int{2001}},
			"id -u; id -G", "1000\n1000 2000 2001"}, // 2000 is from the image
		{"ReadOnlyRoot", object{"readonly_rootfs": true}, "touch /file 2>/dev/null || echo refused", "refused"},
		{"Capabilities", object{"capabilities": object{"drop_capabilities": []string{"ALL"}, "add_capabilities": []string{"NET_RAW"}}},
			"grep CapEff /proc/self/status", "CapEff:\t0000000000002000"},
		{"NoNewPrivileges", object{"no_new_privs": true}, "grep NoNewPrivs /proc/self/status", "NoNewPrivs:\t1"},
		{"SeccompDefault", object{"seccomp": object{"profile_type": 0}}, "grep Seccomp: /proc/self/status", "Seccomp:\t2"},
		{"SeccompUnconfined", object{"seccomp": object{"profile_type": 1}}, "grep Seccomp: /proc/self/status", "Seccomp:\t0"},
		{"MaskedPaths", object{"masked_paths": []string{"/proc/kcore"}, "readonly_paths": []string{"/proc/sys"}},
			"wc -c < /proc/kcore; echo 1 2>/dev/null > /proc/sys/kernel/pid_max || echo refused", "0\nrefused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			output, end := p.run(container{command: []string{"sh", "-c", test.script}, security: test.security})
			if output != test.want || end != "0 Completed" {
				t.Errorf("%v: the container printed %q and ended with %q, want %q and 0 Completed", test.security, output, end, test.want)
			}
		})
	}
}

// TestPrivileged: a privileged container needs a privileged pod.
func TestPrivileged(t *testing.T) {
	privileged := object{"privileged": true}
	p := startPod(t, privileged)
	output, end := p.run(container{
		command:  []string{"sh", "-c", "mount -t tmpfs none /tmp && test -b /dev/nullb0 && head -c 1 /dev/nullb0 | wc -c"},
		security: privileged,
	})
	if output != "1" || end != "0 Completed" {
		t.Errorf("the container printed %q and ended with %q", output, end)
	}
}

func TestVolumes(t *testing.T) {
	p := startPod(t, nil)
	directory := t.TempDir()
	if err := os.WriteFile(filepath.Join(directory, "file"), []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	output, _ := p.run(container{
		command: []string{"sh", "-c", "cat /data/file; touch /data/new 2>/dev/null || echo ' refused'; touch /own/new; cat /etc/single"},
		mounts: []object{
			{"container_path": "/data", "host_path": directory, "readonly": true},
			{"container_path": "/own", "host_path": directory},
			{"container_path": "/etc/single", "host_path": filepath.Join(directory, "file")},
		},
	})
	if output != "content refused\ncontent" {
		t.Errorf("the container printed %q", output)
	}
	if _, err := os.Stat(filepath.Join(directory, "new")); err != nil {
		t.Error(err)
	}
}

func TestNothingIsLeft(t *testing.T) {
	engine.Need(t)
	engine.Want(t, "", "crictl", "pods", "--quiet")
	engine.Want(t, "", "crictl", "ps", "--all", "--quiet")
	engine.Want(t, "", engine.Runtime, "--root", stateRoot, "list", "--quiet")
	engine.Want(t, "", "systemctl", "list-units", "--all", "--no-legend", "cri-containerd-*.scope")
	for _, pattern := range []string{stateRoot + "/*", "/run/containerd/io.containerd.runtime.v2.task/k8s.io/*", "/sys/fs/cgroup/kubepods.slice/*/*/*.scope"} {
		left, err := filepath.Glob(pattern)
		if err != nil || len(left) > 0 {
			t.Errorf("left behind: %v (%v)", left, err)
		}
	}
}
