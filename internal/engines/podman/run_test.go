package podman

import (
	"strings"
	"testing"

	"github.com/fsrun/fsrun/internal/engines/engine"
)

func TestInfo(t *testing.T) {
	everyUser(t, func(t *testing.T, u user) {
		engine.Want(t, "fsrun "+manager+" v2", u.command("info", "--format", "{{.Host.OCIRuntime.Name}} {{.Host.CgroupManager}} {{.Host.CgroupsVersion}}")...)
	})
}

func TestRunPassesOutputAndStatus(t *testing.T) {
	everyUser(t, func(t *testing.T, u user) {
		got := engine.Try(t, u.runCommand(nil, "sh", "-c", "echo out; echo err >&2; exit 42")...)
		if got.Status != 42 || got.Output != "out" || got.Errors != "err" {
			t.Errorf("want out, err and 42: %s", got)
		}
	})
}

func TestRunInTerminal(t *testing.T) {
	everyUser(t, func(t *testing.T, u user) {
		terminal := engine.OpenTerminal(t, 33, 77, u.runCommand([]string{"--interactive", "--tty"}, "sh", "-c",
			`tty; until [ "$(stty size)" = "33 77" ]; do sleep 0.1; done; echo sized; read line; echo "read $line"; exit 7`)...)
		terminal.Expect("/dev/pts/0")
		terminal.Expect("sized")
		terminal.Type("a line\n")
		terminal.Expect("read a line")
		if status := terminal.Status(); status != 7 {
			t.Errorf("podman run -it ended with %d, want 7", status)
		}
	})
}

func TestRunExplainsWhatCannotBeExecuted(t *testing.T) {
	everyUser(t, func(t *testing.T, u user) {
		engine.Fail(t, 127, []string{"nonesuch", "not found"}, u.runCommand(nil, "nonesuch")...)
		engine.Fail(t, 126, []string{"/bin/refused", "ermission denied"}, u.runCommand(nil, "/bin/refused")...)
	})
}

func TestDetachedLogsExecStop(t *testing.T) {
	everyUser(t, func(t *testing.T, u user) {
		name := u.start(t, nil, "sh", "-c", "trap 'echo asked; exit 9' TERM; echo ready; while :; do sleep 0.1; done")
		engine.Eventually(t, "the container is ready", func() bool { return engine.Run(t, u.command("logs", name)...) == "ready" })
		if got := u.inspect(t, name, "{{.State.Status}}"); got != "running" {
			t.Errorf("the state is %q, want running", got)
		}
		engine.Want(t, "1000 /tmp yes", u.command("exec", "--user=user", "--workdir=/tmp", "--env=EXTRA=yes", name, "sh", "-c", "echo $(id -u) $PWD $EXTRA")...)
		engine.Fail(t, 23, nil, u.command("exec", name, "sh", "-c", "exit 23")...)
		engine.Fail(t, 127, []string{"nonesuch", "not found"}, u.command("exec", name, "nonesuch")...)
		engine.Run(t, u.command("stop", name)...)
		if got := u.inspect(t, name, "{{.State.Status}} {{.State.ExitCode}}"); got != "exited 9" {
			t.Errorf("the state is %q, want exited 9", got)
		}
		engine.Want(t, "ready\nasked", u.command("logs", name)...)
	})
}

func TestRestart(t *testing.T) {
	everyUser(t, func(t *testing.T, u user) {
		name := u.start(t, nil, "sleep", "1000")
		first := u.inspect(t, name, "{{.State.Pid}}")
		engine.Run(t, u.command("restart", "--time=0", name)...)
		if second := u.inspect(t, name, "{{.State.Pid}}"); second == first || second == "0" {
			t.Errorf("the process is %s after the restart, %s before", second, first)
		}
	})
}

func TestLimits(t *testing.T) {
	everyUser(t, func(t *testing.T, u user) {
		got := u.run(t, []string{"--memory=32m", "--pids-limit=1", "--cpus=0.5", "--cgroupns=private"}, "sh", "-c",
			"cd /sys/fs/cgroup; read m < memory.max; read p < pids.max; read c < cpu.max; echo $m $p $c")
		if got != "33554432 1 50000 100000" {
			t.Errorf("the limits are %q", got)
		}
	})
}

func TestSmallMemory(t *testing.T) {
	engine.Need(t)
	if got := root.run(t, []string{"--memory=1m"}, "echo", "ran"); got != "ran" {
		t.Errorf("a container of one MiB printed %q", got)
	}
}

func TestPauseUpdateStats(t *testing.T) {
	engine.Need(t)
	name := root.start(t, []string{"--memory=64m"}, "sleep", "1000")
	engine.Run(t, root.command("pause", name)...)
	if got := root.inspect(t, name, "{{.State.Status}}"); got != "paused" {
		t.Errorf("the state is %q, want paused", got)
	}
	engine.Run(t, root.command("unpause", name)...)
	engine.Run(t, root.command("update", "--memory=32m", "--cpus=0.25", name)...)
	engine.Want(t, "33554432\n25000 100000", root.command("exec", name, "cat", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/cpu.max")...)
	shown := engine.Fields(t, root.command("stats", "--no-stream", "--format", "{{.PIDs}} {{.MemUsage}}", name)...)
	// Podman 4.3 shows the limit from its own configuration, which update does not change:
	// with crun, too.
	if len(shown) != 4 || shown[0] != "1" || shown[3] != "67.11MB" {
		t.Errorf("stats shows %q, want one process and 67.11MB", shown)
	}
	if top := engine.Run(t, root.command("top", name, "pid", "args")...); !strings.Contains(top, "sleep 1000") {
		t.Errorf("top shows %q", top)
	}
}

func TestHealthcheck(t *testing.T) {
	engine.Need(t)
	name := root.start(t, []string{"--health-cmd=test -e /tmp/healthy", "--health-interval=disable"}, "sleep", "1000")
	engine.Fail(t, 1, nil, root.command("healthcheck", "run", name)...)
	engine.Run(t, root.command("exec", name, "touch", "/tmp/healthy")...)
	engine.Run(t, root.command("healthcheck", "run", name)...)
}

func TestNothingIsLeft(t *testing.T) {
	everyUser(t, func(t *testing.T, u user) {
		for _, kind := range []string{"container", "pod"} {
			if left := engine.Run(t, u.command(kind, "ls", "--quiet")...); left != "" {
				t.Errorf("left behind: %s %s", kind, left)
			}
		}
		engine.Want(t, "", append(u.as[:len(u.as)-1:len(u.as)-1], "fsrun", "list", "--quiet")...)
	})
}
