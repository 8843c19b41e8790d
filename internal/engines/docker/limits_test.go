package docker

import (
	"strings"
	"testing"

	"github.com/fsrun/fsrun/internal/engines/engine"
)

// group is where a container sees its own cgroup.
const group = "/sys/fs/cgroup/"

func TestLimitsAreSeenInside(t *testing.T) {
	engine.Need(t)
	for _, test := range []struct{ option, file, want string }{
		{"--memory=64m", "memory.max", "67108864"},
		{"--memory-reservation=32m", "memory.low", "33554432"},
		{"--cpus=0.5", "cpu.max", "50000 100000"},
		{"--cpu-shares=1024", "cpu.weight", "100"},
		{"--cpuset-cpus=1", "cpuset.cpus", "1"},
		{"--pids-limit=77", "pids.max", "77"},
		{"--blkio-weight=300", "io.bfq.weight", "default 300"},
		{"--device-read-bps=/dev/nullb0:1mb", "io.max", "252:0 rbps=1048576 wbps=max riops=max wiops=max"},
	} {
		t.Run(test.file, func(t *testing.T) {
			got := run(t, []string{test.option}, "cat", group+test.file)
			if test.file == "io.max" { // the kernel chooses the number of the disk
				_, got, _ = strings.Cut(got, " ")
				_, test.want, _ = strings.Cut(test.want, " ")
			}
			if got != test.want {
				t.Errorf("%s: %s is %q, want %q", test.option, test.file, got, test.want)
			}
		})
	}
}

func TestMemoryAndSwap(t *testing.T) {
	engine.Need(t)
	if got := run(t, []string{"--memory=64m", "--memory-swap=96m"}, "cat", group+"memory.swap.max"); got != "33554432" {
		t.Errorf("memory.swap.max is %s, want what --memory-swap has more than --memory", got)
	}
}

func TestPidsLimitOne(t *testing.T) {
	engine.Need(t)
	if got := run(t, []string{"--pids-limit=1"}, "cat", group+"pids.max"); got != "1" {
		t.Errorf("pids.max is %q, want 1", got)
	}
	engine.Fail(t, -1, []string{"can't fork"}, runCommand([]string{"--pids-limit=1"}, "sh", "-c", "true; sleep 0; echo forked")...)
}

func TestMemoryKillIsReported(t *testing.T) {
	engine.Need(t)
	// The shim begins to watch the cgroup a moment after the start. Process 1 continues
	// after the kill: systemd removes a cgroup with its last process, possibly before the
	// shim has read about the kill there.
	name := start(t, []string{"--memory=6m", "--memory-swap=6m"}, "sh", "-c", "sleep 2; tail -n 1 /dev/zero; status=$?; sleep 5; exit $status")
	engine.Want(t, "137", "docker", "wait", name)
	if got := inspect(t, name, "{{.State.OOMKilled}}"); got != "true" {
		t.Errorf("OOMKilled is %s", got)
	}
}

func TestUlimits(t *testing.T) {
	engine.Need(t)
	if got := run(t, []string{"--ulimit=nofile=123:456"}, "sh", "-c", "ulimit -Sn; ulimit -Hn"); got != "123\n456" {
		t.Errorf("nofile is %q, want 123 and 456", got)
	}
}

func TestUpdate(t *testing.T) {
	engine.Need(t)
	name := start(t, []string{"--memory=64m"}, "sleep", "1000")
	engine.Run(t, "docker", "update", "--memory=32m", "--memory-swap=48m", "--pids-limit=33", "--cpus=0.25", "--cpuset-cpus=0", name)
	for file, want := range map[string]string{
		"memory.max":      "33554432",
		"memory.swap.max": "16777216",
		"pids.max":        "33",
		"cpu.max":         "25000 100000",
		"cpuset.cpus":     "0",
	} {
		engine.Want(t, want, "docker", "exec", name, "cat", group+file)
	}
	// The device filter is still the same.
	engine.Fail(t, -1, []string{"not permitted"}, "docker", "exec", name, "sh", "-c", "mknod /tmp/disk b 7 0 && cat /tmp/disk")
}

func TestStats(t *testing.T) {
	engine.Need(t)
	name := start(t, []string{"--memory=64m"}, "sh", "-c", "sleep 1000 & sleep 1000")
	engine.Eventually(t, "stats shows two processes, memory and its limit", func() bool {
		shown := engine.Fields(t, "docker", "stats", "--no-stream", "--format", "{{.PIDs}} {{.MemUsage}}", name)
		return len(shown) == 4 && shown[0] == "2" && shown[1] != "0B" && shown[3] == "64MiB"
	})
}

func TestPause(t *testing.T) {
	engine.Need(t)
	name := start(t, nil, "sh", "-c", "while :; do echo tick; sleep 0.1; done")
	lines := func() int { return strings.Count(engine.Run(t, "docker", "logs", name), "tick") }
	engine.Eventually(t, "it ticks", func() bool { return lines() > 2 })
	engine.Run(t, "docker", "pause", name)
	if got := inspect(t, name, "{{.State.Status}}"); got != "paused" {
		t.Errorf("the state is %q, want paused", got)
	}
	before := lines()
	engine.Fail(t, -1, []string{"paused"}, "docker", "exec", name, "true")
	if after := lines(); after > before+1 { // one may have been on its way to the log
		t.Errorf("it ticked %d times while it was paused", after-before)
	}
	engine.Run(t, "docker", "unpause", name)
	engine.Eventually(t, "it ticks again", func() bool { return lines() > before+1 })
}

func TestCgroupParentAndHostNamespace(t *testing.T) {
	engine.Need(t)
	got := run(t, []string{"--cgroup-parent=" + used.parent, "--cgroupns=host"}, "cat", "/proc/self/cgroup")
	if !strings.HasPrefix(got, used.cgroup) {
		t.Errorf("/proc/self/cgroup holds %q, want %s...", got, used.cgroup)
	}
}
