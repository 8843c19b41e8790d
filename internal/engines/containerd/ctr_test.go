package containerd

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/internal/engines/engine"
)

// status returns what containerd says about a task, or "" if there is none.
func status(t *testing.T, id string) string {
	t.Helper()
	for line := range strings.Lines(engine.Run(t, "ctr", "tasks", "list")) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == id {
			return fields[2]
		}
	}
	return ""
}

func execCommand(id string, command ...string) []string {
	count++
	return append([]string{"ctr", "tasks", "exec", "--exec-id", "exec-" + strconv.Itoa(count), id}, command...)
}

func TestRunPassesOutputAndStatus(t *testing.T) {
	engine.Need(t)
	got := engine.Try(t, runCommand([]string{"--rm"}, name(t), "sh", "-c", "echo out; echo err >&2; exit 42")...)
	if got.Status != 42 || got.Output != "out" || got.Errors != "err" {
		t.Errorf("want out, err and 42: %s", got)
	}
}

func TestRunInTerminal(t *testing.T) {
	engine.Need(t)
	terminal := engine.OpenTerminal(t, 33, 77, runCommand([]string{"--rm", "--tty"}, name(t), "sh", "-c",
		`tty; until [ "$(stty size)" = "33 77" ]; do sleep 0.1; done; echo sized; read line; echo "read $line"; exit 7`)...)
	terminal.Expect("/dev/pts/0")
	terminal.Expect("sized")
	terminal.Type("a line\n")
	terminal.Expect("read a line")
	if status := terminal.Status(); status != 7 {
		t.Errorf("ctr run --tty ended with %d, want 7", status)
	}
}

func TestRunExplainsWhatCannotBeExecuted(t *testing.T) {
	engine.Need(t)
	engine.Fail(t, -1, []string{"executable file not found", "nonesuch"}, runCommand([]string{"--rm"}, name(t), "nonesuch")...)
	engine.Fail(t, -1, []string{"permission denied", "/bin/refused"}, runCommand([]string{"--rm"}, name(t), "/bin/refused")...)
}

func TestExec(t *testing.T) {
	engine.Need(t)
	id := start(t, []string{"--env=INHERITED=yes"}, "sleep", "1000")
	engine.Want(t, "yes", execCommand(id, "sh", "-c", "echo $INHERITED")...)
	engine.Fail(t, 23, nil, execCommand(id, "sh", "-c", "exit 23")...)
	engine.Fail(t, -1, []string{"executable file not found", "nonesuch"}, execCommand(id, "nonesuch")...)
	terminal := engine.OpenTerminal(t, 20, 50, append([]string{"ctr", "tasks", "exec", "--tty", "--exec-id", "terminal"},
		id, "sh", "-c", "tty; read line; echo read $line")...)
	terminal.Expect("/dev/pts/")
	terminal.Type("this\n")
	terminal.Expect("read this")
	if status := terminal.Status(); status != 0 {
		t.Errorf("ctr tasks exec --tty ended with %d", status)
	}
}

func TestPauseAndResume(t *testing.T) {
	engine.Need(t)
	id := start(t, nil, "sleep", "1000")
	engine.Run(t, "ctr", "tasks", "pause", id)
	if got := status(t, id); got != "PAUSED" {
		t.Errorf("the task is %s, want PAUSED", got)
	}
	frozen, err := os.ReadFile(filepath.Join(cgroup(t, id), "cgroup.events"))
	if err != nil || !strings.Contains(string(frozen), "frozen 1") {
		t.Errorf("the cgroup's events are %q (%v), want frozen 1", frozen, err)
	}
	engine.Fail(t, -1, []string{"paused"}, execCommand(id, "true")...)
	engine.Run(t, "ctr", "tasks", "resume", id)
	if got := status(t, id); got != "RUNNING" {
		t.Errorf("the task is %s, want RUNNING", got)
	}
	engine.Want(t, "alive", execCommand(id, "echo", "alive")...)
}

// cgroup returns the directory of the task's cgroup.
func cgroup(t *testing.T, id string) string {
	t.Helper()
	return "/sys/fs/cgroup/default/" + id
}

func TestKillAndDelete(t *testing.T) {
	engine.Need(t)
	id := start(t, nil, "sh", "-c", "trap 'exit 5' USR1; while :; do sleep 0.1; done")
	engine.Run(t, "ctr", "tasks", "kill", "--signal", "SIGUSR1", id)
	engine.Eventually(t, "the task has stopped", func() bool { return status(t, id) == "STOPPED" })
	deleted := engine.Try(t, "ctr", "tasks", "delete", id)
	if deleted.Status != 0 || !strings.Contains(deleted.Errors, "non-zero exit code 5") {
		t.Errorf("want the exit code 5: %s", deleted)
	}
	if got := status(t, id); got != "" {
		t.Errorf("the task is %s after delete", got)
	}
	if _, err := os.Stat(cgroup(t, id)); !os.IsNotExist(err) {
		t.Errorf("the cgroup is there after delete: %v", err)
	}
}

func TestKillAll(t *testing.T) {
	engine.Need(t)
	id := start(t, nil, "sh", "-c", "sleep 1000 & sleep 1000")
	engine.Run(t, "ctr", "tasks", "kill", "--all", "--signal", "SIGKILL", id)
	engine.Eventually(t, "the task has stopped", func() bool { return status(t, id) == "STOPPED" })
}

func TestProcesses(t *testing.T) {
	engine.Need(t)
	id := start(t, nil, "sh", "-c", "sleep 1000 & sleep 1000 & wait")
	engine.Eventually(t, "three processes are listed, and a heading", func() bool {
		return strings.Count(engine.Run(t, "ctr", "tasks", "ps", id), "\n") == 3
	})
}

func TestMetrics(t *testing.T) {
	engine.Need(t)
	id := start(t, []string{"--memory-limit=33554432"}, "sh", "-c", "sleep 1000 & sleep 1000")
	engine.Eventually(t, "two processes are counted, with their memory", func() bool {
		var metrics struct {
			Pids   struct{ Current int }
			Memory struct {
				Usage int
				Limit int `json:"usage_limit"`
			}
			CPU struct {
				Usage int `json:"usage_usec"`
			}
		}
		text := engine.Run(t, "ctr", "tasks", "metrics", "--format", "json", id)
		if err := json.Unmarshal([]byte(text), &metrics); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		return metrics.Pids.Current == 2 && metrics.Memory.Usage > 0 && metrics.Memory.Limit == 33554432 && metrics.CPU.Usage > 0
	})
}

func TestMemoryKillIsReported(t *testing.T) {
	engine.Need(t)
	engine.Fail(t, 137, nil, runCommand([]string{"--rm", "--memory-limit=4194304"}, name(t), "tail", "-n", "1", "/dev/zero")...)
}

func TestLimits(t *testing.T) {
	engine.Need(t)
	id := start(t, []string{"--memory-limit=8388608", "--cpu-quota=20000", "--cpu-period=100000"}, "sleep", "1000")
	for file, want := range map[string]string{"memory.max": "8388608", "cpu.max": "20000 100000"} {
		got, err := os.ReadFile(filepath.Join(cgroup(t, id), file))
		if err != nil || strings.TrimSpace(string(got)) != want {
			t.Errorf("%s is %q (%v), want %s", file, got, err, want)
		}
	}
}

func TestOptions(t *testing.T) {
	engine.Need(t)
	directory := t.TempDir()
	if err := os.WriteFile(filepath.Join(directory, "file"), []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		options []string
		script  string
		want    string
	}{
		{"ReadOnly", []string{"--read-only"}, "touch /x 2>/dev/null || echo refused", "refused"},
		{"WorkingDirectory", []string{"--cwd=/home/user"}, "pwd", "/home/user"},
		{"Seccomp", []string{"--seccomp"}, "grep Seccomp: /proc/self/status", "Seccomp:\t2"},
		{"Device", []string{"--device=/dev/net/tun"}, "exec 3<>/dev/net/tun && echo opened", "opened"},
		{"Capabilities", []string{"--cap-drop=CAP_CHOWN"}, "chown 1:1 /tmp 2>/dev/null || echo refused", "refused"},
		{"Mount", []string{"--mount=type=bind,src=" + directory + ",dst=/data,options=rbind:ro"}, "cat /data/file; touch /data/new 2>/dev/null || echo refused", "contentrefused"},
		{"NoNewPrivileges", nil, "grep NoNewPrivs /proc/self/status", "NoNewPrivs:\t1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := run(t, test.options, "sh", "-c", test.script); got != test.want {
				t.Errorf("%v: the container printed %q, want %q", test.options, got, test.want)
			}
		})
	}
}

func TestJoinedNamespace(t *testing.T) {
	engine.Need(t)
	id := start(t, nil, "sleep", "1000")
	var pid string
	for line := range strings.Lines(engine.Run(t, "ctr", "tasks", "list")) {
		if fields := strings.Fields(line); fields[0] == id {
			pid = fields[1]
		}
	}
	want := engine.Run(t, execCommand(id, "readlink", "/proc/self/ns/net")...)
	if got := run(t, []string{"--with-ns=network:/proc/" + pid + "/ns/net"}, "readlink", "/proc/self/ns/net"); got != want {
		t.Errorf("the network namespace is %s, want %s", got, want)
	}
}

func TestNothingIsLeft(t *testing.T) {
	engine.Need(t)
	if left := engine.Run(t, "ctr", "containers", "list", "--quiet"); left != "" {
		t.Fatalf("containers are left: %s", left)
	}
	for _, pattern := range []string{"/sys/fs/cgroup/default/*/", "/run/containerd/runc/default/*", "/run/containerd/io.containerd.runtime.v2.task/default/*"} {
		left, err := filepath.Glob(pattern)
		if err != nil || len(left) > 0 {
			t.Errorf("left behind: %v (%v)", left, err)
		}
	}
}
