package docker

import (
	"strings"
	"testing"

	"github.com/fsrun/fsrun/internal/engines/engine"
)

func TestInfo(t *testing.T) {
	engine.Need(t)
	engine.Want(t, "fsrun "+used.name+" 2", "docker", "info", "--format", "{{.DefaultRuntime}} {{.CgroupDriver}} {{.CgroupVersion}}")
}

func TestRunPassesOutputAndStatus(t *testing.T) {
	engine.Need(t)
	got := engine.Try(t, runCommand(nil, "sh", "-c", "echo out; echo err >&2; exit 42")...)
	if got.Status != 42 || got.Output != "out" || got.Errors != "err" {
		t.Errorf("want out, err and 42: %s", got)
	}
}

func TestRunReadsStandardInput(t *testing.T) {
	engine.Need(t)
	got := engine.TryWith(t, "one\ntwo\n", runCommand([]string{"--interactive"}, "wc", "-l")...)
	if got.Status != 0 || got.Output != "2" {
		t.Errorf("want 2 lines: %s", got)
	}
}

// dialogue is what a shell does in a terminal. Docker sets the size a moment after the
// start.
const dialogue = `tty
until [ "$(stty size)" = "33 77" ]; do sleep 0.1; done; echo first size
read line; echo "read $line"
until [ "$(stty size)" = "44 99" ]; do sleep 0.1; done; echo second size
trap 'echo interrupted; exit 7' INT
echo waiting; while :; do sleep 0.1; done`

// talk plays the person's part of the dialogue and returns the command's status.
func talk(t *testing.T, arguments ...string) int {
	t.Helper()
	terminal := engine.OpenTerminal(t, 33, 77, append(arguments, "sh", "-c", dialogue)...)
	terminal.Expect("/dev/pts/")
	terminal.Expect("first size")
	terminal.Type("a line\n")
	terminal.Expect("read a line")
	terminal.Resize(44, 99)
	terminal.Expect("second size")
	terminal.Expect("waiting")
	terminal.Type("\x03") // the line discipline turns it into SIGINT
	terminal.Expect("interrupted")
	return terminal.Status()
}

func TestRunInTerminal(t *testing.T) {
	engine.Need(t)
	if status := talk(t, runCommand([]string{"--interactive", "--tty"})...); status != 7 {
		t.Errorf("docker run -it ended with %d, want 7", status)
	}
}

func TestRunExplainsWhatCannotBeExecuted(t *testing.T) {
	engine.Need(t)
	engine.Fail(t, 127, []string{"nonesuch", "executable file not found"}, runCommand(nil, "nonesuch")...)
	engine.Fail(t, 127, []string{"/bin/nonesuch", "no such file or directory"}, runCommand(nil, "/bin/nonesuch")...)
	engine.Fail(t, 126, []string{"/bin/refused", "permission denied"}, runCommand(nil, "/bin/refused")...)
}

func TestDetachedLogsStop(t *testing.T) {
	engine.Need(t)
	name := start(t, []string{"--stop-signal=USR1"}, "sh", "-c", "trap 'echo asked; exit 9' USR1; echo ready; while :; do sleep 0.1; done")
	if got := inspect(t, name, "{{.State.Status}}"); got != "running" {
		t.Errorf("the state is %q, want running", got)
	}
	engine.Eventually(t, "the container is ready", func() bool {
		return strings.Contains(engine.Run(t, "docker", "logs", name), "ready")
	})
	engine.Run(t, "docker", "stop", name)
	if got := inspect(t, name, "{{.State.Status}} {{.State.ExitCode}}"); got != "exited 9" {
		t.Errorf("the state is %q, want exited 9", got)
	}
	engine.Want(t, "ready\nasked", "docker", "logs", name)
}

func TestStopKillsWhatDoesNotListen(t *testing.T) {
	engine.Need(t)
	// A process 1 without a handler does not get SIGTERM.
	name := start(t, nil, "sleep", "1000")
	engine.Run(t, "docker", "stop", "--time=1", name)
	if got := inspect(t, name, "{{.State.Status}} {{.State.ExitCode}}"); got != "exited 137" {
		t.Errorf("the state is %q, want exited 137", got)
	}
}

func TestKillSendsAnySignal(t *testing.T) {
	engine.Need(t)
	name := start(t, nil, "sh", "-c", "trap 'exit 11' HUP; echo ready; while :; do sleep 0.1; done")
	engine.Eventually(t, "the container is ready", func() bool { return engine.Run(t, "docker", "logs", name) == "ready" })
	engine.Run(t, "docker", "kill", "--signal=HUP", name)
	engine.Want(t, "11", "docker", "wait", name)
}

func TestRestart(t *testing.T) {
	engine.Need(t)
	name := start(t, nil, "sh", "-c", "echo begun; exec sleep 1000")
	first := inspect(t, name, "{{.State.Pid}}")
	engine.Run(t, "docker", "restart", "--time=0", name)
	if second := inspect(t, name, "{{.State.Pid}}"); second == first || second == "0" {
		t.Errorf("the process is %s after the restart, %s before", second, first)
	}
	engine.Eventually(t, "it began twice", func() bool { return engine.Run(t, "docker", "logs", name) == "begun\nbegun" })
}

func TestRestartPolicy(t *testing.T) {
	engine.Need(t)
	name := start(t, []string{"--restart=on-failure:2"}, "false")
	engine.Eventually(t, "Docker gives up after two restarts", func() bool {
		return inspect(t, name, "{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}") == "exited 2 1"
	})
}

func TestBuildRunsCommands(t *testing.T) {
	engine.Need(t)
	t.Cleanup(func() { engine.Try(t, "docker", "rmi", "--force", "built") })
	got := engine.TryWith(t, "FROM "+image+"\nRUN echo made > /made && id -u >> /made\nUSER user\nCMD [\"cat\", \"/made\"]\n",
		"docker", "build", "--network=none", "--tag=built", "-")
	if got.Status != 0 {
		t.Fatalf("want success: %s", got)
	}
	engine.Want(t, "made\n0", "docker", "run", "--rm", "--network=none", "built")
}
