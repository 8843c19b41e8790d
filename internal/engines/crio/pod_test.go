package crio

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/engines/engine"
)

func TestPod(t *testing.T) {
	const look = "for n in net ipc uts pid; do readlink /proc/self/ns/$n; done"
	pod := start(t, "pod", arguments("sleep", "100000"), func(spec *specs.Spec) { spec.Hostname = "pod" })
	first := start(t, "first", joined(pod.pid()), arguments("sh", "-c", "hostname; "+look+"; exec sleep 1000"))
	second := start(t, "second", joined(pod.pid()), arguments("sh", "-c", "hostname; "+look))
	if status := second.ended(); status != 0 {
		t.Errorf("the second container ended with %d", status)
	}
	engine.Eventually(t, "the first container has told", func() bool { return len(strings.Fields(first.log())) == 5 })
	one, two := strings.Fields(first.log()), strings.Fields(second.log())
	if len(two) != 5 {
		t.Fatalf("the second container printed %q", two)
	}
	for index, kind := range []string{"host name", "net", "ipc", "uts"} {
		if one[index] != two[index] {
			t.Errorf("%s: the containers have %s and %s, want one", kind, one[index], two[index])
		}
	}
	if one[0] != "pod" || one[4] == two[4] {
		t.Errorf("the containers are %q and %q, want the pod's name and two process namespaces", one, two)
	}
}

func TestLifeOfAContainer(t *testing.T) {
	c := prepared(t, "c", arguments("sh", "-c", "trap 'echo asked; exit 9' TERM; echo ready; while :; do sleep 0.1; done"))
	told := c.create()
	if got := c.state(); told.PID <= 0 || got.Status != specs.StateCreated || got.Pid != told.PID {
		t.Fatalf("conmon tells %+v, the state is %+v", told, got)
	}
	c.run("start", c.id)
	engine.Eventually(t, "the container is ready", func() bool { return c.log() == "ready" })
	c.run("pause", c.id)
	if got := c.state().Status; got != "paused" {
		t.Errorf("the state is %s, want paused", got)
	}
	c.run("resume", c.id)
	update := engine.TryWith(t, `{"memory":{"limit":67108864},"pids":{"limit":55}}`, runtime("update", "--resources", "-", c.id)...)
	if update.Status != 0 {
		t.Errorf("want success: %s", update)
	}
	for file, want := range map[string]string{"memory.max": "67108864", "pids.max": "55"} {
		got, err := os.ReadFile(filepath.Join("/sys/fs/cgroup/crio", c.id, file))
		if err != nil || strings.TrimSpace(string(got)) != want {
			t.Errorf("%s is %q (%v), want %s", file, got, err, want)
		}
	}
	c.run("kill", c.id, "TERM")
	if status := c.ended(); status != 9 {
		t.Errorf("the container ended with %d, want 9", status)
	}
	if got := c.log(); got != "ready\nasked" {
		t.Errorf("the log holds %q", got)
	}
	if got := c.state().Status; got != specs.StateStopped {
		t.Errorf("the state is %s, want stopped", got)
	}
}

func process(words ...string) specs.Process {
	return specs.Process{Args: words, Env: []string{"PATH=/bin"}, Cwd: "/"}
}

func TestExec(t *testing.T) {
	c := start(t, "c", arguments("sleep", "1000"))
	if output, told := c.exec(process("sh", "-c", "echo out; exit 23")); output != "out" || told.ExitCode != 23 {
		t.Errorf("conmon's exec printed %q and tells %+v, want out and 23", output, told)
	}
	if _, told := c.exec(process("nonesuch")); !strings.Contains(told.Message, "executable file not found") {
		t.Errorf("conmon's exec of nothing tells %+v", told)
	}
	// Probes are executed without conmon.
	file := filepath.Join(t.TempDir(), "process.json")
	writeJSON(t, file, process("sh", "-c", "echo out; echo err >&2; exit 5"))
	got := engine.Try(t, runtime("exec", "--process", file, c.id)...)
	if got.Status != 5 || got.Output != "out" || got.Errors != "err" {
		t.Errorf("want out, err and 5: %s", got)
	}
}

func TestCreateFails(t *testing.T) {
	c := prepared(t, "c", arguments("nonesuch"))
	told := c.create()
	if told.PID > 0 || !strings.Contains(told.Message, "executable file not found") || !strings.Contains(told.Message, "nonesuch") {
		t.Errorf("conmon tells %+v, want no process and the reason", told)
	}
}

// TestWords: CRI-O expects these on standard error for a container that has ended.
func TestWords(t *testing.T) {
	c := start(t, "c", arguments("true"))
	c.ended()
	for _, words := range [][]string{{"kill", c.id, "KILL"}, {"exec", c.id, "true"}} {
		got := engine.Try(t, runtime(words...)...)
		known := false
		for _, text := range []string{"no such process", "container not running", "invalid process"} {
			known = known || strings.Contains(got.Errors, text)
		}
		if got.Status == 0 || !known {
			t.Errorf("want a failure with one of CRI-O's words: %s", got)
		}
	}
}

// TestProbes: what CRI-O asks before it has a container.
func TestProbes(t *testing.T) {
	engine.Need(t)
	if got := engine.Run(t, engine.Runtime, "features"); !strings.Contains(got, `"ociVersionMax"`) {
		t.Errorf("features prints %q", got)
	}
	engine.Run(t, engine.Runtime, "--version")
}

func TestTerminal(t *testing.T) {
	c := prepared(t, "c", arguments("sh", "-c", "tty; exec sleep 1000"), func(spec *specs.Spec) { spec.Process.Terminal = true })
	if told := c.create("--terminal"); told.PID <= 0 {
		t.Fatalf("conmon created no container: %+v", told)
	}
	c.run("start", c.id)
	engine.Eventually(t, "the terminal's name is logged", func() bool { return strings.Contains(c.log(), "/dev/pts/0") })
}

func TestNothingIsLeft(t *testing.T) {
	engine.Need(t)
	engine.Want(t, "", runtime("list", "--quiet")...)
	left, err := filepath.Glob("/sys/fs/cgroup/crio/*/")
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}
