package kubernetes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/internal/engines/engine"
)

// TestLimits tests a Pod's resources, when created and when changed in place.
func TestLimits(t *testing.T) {
	p := startPod(t, nil)
	id := p.start(container{
		command: []string{"sleep", "100000"},
		limits:  object{"memory_limit_in_bytes": 67108864, "cpu_period": 100000, "cpu_quota": 50000, "cpu_shares": 512, "oom_score_adj": 900},
	})
	want := func(files map[string]string) {
		t.Helper()
		for file, value := range files {
			got, err := os.ReadFile(filepath.Join(p.group(id), file))
			if err != nil || strings.TrimSpace(string(got)) != value {
				t.Errorf("%s is %q (%v), want %s", file, got, err, value)
			}
		}
	}
	want(map[string]string{"memory.max": "67108864", "cpu.max": "50000 100000", "cpu.weight": "59"})
	if got := inside(t, id, "cat /proc/1/oom_score_adj"); got != "900" {
		t.Errorf("oom_score_adj is %s, want 900", got)
	}
	engine.Run(t, "crictl", "update", "--memory=33554432", "--cpu-quota=25000", id)
	want(map[string]string{"memory.max": "33554432", "cpu.max": "25000 100000"})
	// systemd must know the limits too, or its next reload would undo them.
	engine.Want(t, "MemoryMax=33554432", "systemctl", "show", "--property=MemoryMax", "cri-containerd-"+id+".scope")
}

func TestMemoryKillIsReported(t *testing.T) {
	p := startPod(t, nil)
	_, end := p.run(container{
		// The shim begins to watch the cgroup a moment after the start. Process 1 continues
		// after the kill: systemd removes a cgroup with its last process, sometimes before
		// the shim has read about the kill there.
		command: []string{"sh", "-c", "sleep 3; tail -n 1 /dev/zero; status=$?; sleep 5; exit $status"},
		limits:  object{"memory_limit_in_bytes": 8388608, "memory_swap_limit_in_bytes": 8388608},
	})
	if end != "137 OOMKilled" {
		t.Errorf("the end is %q, want 137 OOMKilled", end)
	}
}

func TestCannotStart(t *testing.T) {
	p := startPod(t, nil)
	id := p.create(container{command: []string{"nonesuch"}})
	engine.Fail(t, -1, []string{"executable file not found", "nonesuch"}, "crictl", "start", id)
	if got := inspect(t, id, "{{.status.state}} {{.status.exitCode}} {{.status.reason}}"); got != "CONTAINER_EXITED 128 StartError" {
		t.Errorf("the end is %q, want CONTAINER_EXITED 128 StartError", got)
	}
}
