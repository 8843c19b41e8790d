package docker

import (
	"strings"
	"testing"

	"github.com/fsrun/fsrun/internal/engines/engine"
)

func TestExec(t *testing.T) {
	engine.Need(t)
	name := start(t, []string{"--hostname=box.example", "--env=INHERITED=yes"}, "sleep", "1000")
	exec := func(arguments ...string) []string { return append([]string{"docker", "exec"}, arguments...) }

	t.Run("Output", func(t *testing.T) {
		engine.Want(t, "box.example yes", exec(name, "sh", "-c", "echo $(hostname) $INHERITED")...)
	})
	t.Run("Status", func(t *testing.T) {
		engine.Fail(t, 23, nil, exec(name, "sh", "-c", "exit 23")...)
	})
	t.Run("UserDirectoryEnvironment", func(t *testing.T) {
		engine.Want(t, "1000 /tmp more",
			exec("--user=user", "--workdir=/tmp", "--env=EXTRA=more", name, "sh", "-c", "echo $(id -u) $(pwd) $EXTRA")...)
	})
	t.Run("StandardInput", func(t *testing.T) {
		got := engine.TryWith(t, "text", exec("--interactive", name, "cat")...)
		if got.Status != 0 || got.Output != "text" {
			t.Errorf("want text: %s", got)
		}
	})
	t.Run("Terminal", func(t *testing.T) {
		if status := talk(t, exec("--interactive", "--tty", name)...); status != 7 {
			t.Errorf("docker exec -it ended with %d, want 7", status)
		}
	})
	t.Run("Detached", func(t *testing.T) {
		engine.Run(t, exec("--detach", name, "touch", "/tmp/detached")...)
		engine.Eventually(t, "the file is there", func() bool { return engine.Try(t, exec(name, "test", "-e", "/tmp/detached")...).Status == 0 })
	})
	t.Run("NotFound", func(t *testing.T) {
		engine.Fail(t, -1, []string{"executable file not found", "nonesuch"}, exec(name, "nonesuch")...)
	})
	t.Run("NotPermitted", func(t *testing.T) {
		engine.Fail(t, 126, []string{"permission denied"}, exec(name, "/bin/refused")...)
	})
	t.Run("SameNamespacesAndCgroup", func(t *testing.T) {
		look := "for n in cgroup ipc mnt net pid uts; do readlink /proc/$P/ns/$n; done; cat /proc/$P/cgroup"
		own := engine.Run(t, exec("--env=P=self", name, "sh", "-c", look)...)
		first := engine.Run(t, exec("--env=P=1", name, "sh", "-c", look)...)
		if own != first {
			t.Errorf("exec has\n%s\nprocess 1 has\n%s", own, first)
		}
	})
	t.Run("Privileged", func(t *testing.T) {
		const look = "grep -E 'Seccomp:|CapEff' /proc/self/status"
		plain := strings.Fields(engine.Run(t, exec(name, "sh", "-c", look)...))
		all := strings.Fields(engine.Run(t, exec("--privileged", name, "sh", "-c", look)...))
		if len(plain) != 4 || plain[1] != "00000000a80425fb" || plain[3] != "2" {
			t.Errorf("exec has %q, want Docker's default capabilities and a filter", plain)
		}
		if len(all) != 4 || all[1] != "0000003fffffffff" {
			t.Errorf("exec --privileged has %q, want all capabilities that this Docker knows", all)
		}
	})
}

func TestTop(t *testing.T) {
	engine.Need(t)
	name := start(t, nil, "sh", "-c", "sleep 1234 & sleep 4321 & wait")
	engine.Eventually(t, "top shows three processes", func() bool {
		shown := engine.Run(t, "docker", "top", name)
		return strings.Contains(shown, "sleep 1234") && strings.Contains(shown, "sleep 4321") && strings.Count(shown, "\n") == 3
	})
}

func TestHealthcheck(t *testing.T) {
	engine.Need(t)
	name := start(t, []string{"--health-cmd=test -e /tmp/healthy", "--health-interval=1s", "--health-retries=1"}, "sleep", "1000")
	health := func() string { return inspect(t, name, "{{.State.Health.Status}}") }
	engine.Eventually(t, "it is unhealthy", func() bool { return health() == "unhealthy" })
	engine.Run(t, "docker", "exec", name, "touch", "/tmp/healthy")
	engine.Eventually(t, "it is healthy", func() bool { return health() == "healthy" })
}
