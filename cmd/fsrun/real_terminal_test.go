package main

import (
	"bufio"
	"io"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
)

func withTerminal(spec *specs.Spec) {
	spec.Process.Terminal = true
	spec.Process.ConsoleSize = &specs.Box{Width: 100, Height: 40}
}

func TestTerminalByConsoleSocket(t *testing.T) {
	for name, edit := range map[string]harness.Edit{"plain": func(*specs.Spec) {}, "user namespace": harness.UserNamespace} {
		t.Run(name, func(t *testing.T) {
			c := newContainer(t, withTerminal, edit, harness.Shell("tty; stty size; ls -l /dev/console | cut -c1; read line; echo got $line; exit 5"))
			socket := harness.ListenConsole(t)
			c.ConsoleSocket = socket.Path
			c.connect()
			running, err := parent.Run(c.Options)
			must(t, err)
			master := socket.Master()
			lines := bufio.NewReader(master)
			for _, want := range []string{"/dev/pts/0\n", "40 100\n", "c\n"} {
				line, err := lines.ReadString('\n')
				must(t, err)
				equal(t, "a line of the terminal", want, line) // with only \n: ONLCR is off
			}
			_, err = master.WriteString("input\n")
			must(t, err)
			rest, err := io.ReadAll(lines)
			if err != nil && !strings.Contains(err.Error(), "input/output error") { // the other side has closed it
				t.Error(err)
			}
			if !strings.Contains(string(rest), "got input\n") {
				t.Errorf("the terminal goes on with %q", rest)
			}
			equal(t, "status", 5, c.wait(running).ExitStatus())
		})
	}
}

func TestTerminalIsTheControllingOne(t *testing.T) {
	c := newContainer(t, withTerminal, harness.Without(specs.PIDNamespace), harness.Shell("trap 'echo interrupted; exit 3' INT; echo ready; while :; do sleep 1; done"))
	socket := harness.ListenConsole(t)
	c.ConsoleSocket = socket.Path
	c.connect()
	running, err := parent.Run(c.Options)
	must(t, err)
	master := socket.Master()
	lines := bufio.NewReader(master)
	line, err := lines.ReadString('\n')
	must(t, err)
	equal(t, "the first line", "ready\n", line)
	_, err = master.Write([]byte{3}) // control-C
	must(t, err)
	equal(t, "status", 3, c.wait(running).ExitStatus())
}

func TestExecWithTerminal(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/sleep", "1000"))
	c.start()
	socket := harness.ListenConsole(t)
	running, err := parent.Exec(parent.ExecOptions{
		StateRoot: c.StateRoot, ID: c.ID, ConsoleSocket: socket.Path, Stdio: c.Stdio,
		Process: &specs.Process{Args: []string{"/bin/sh", "-c", "tty"}, Cwd: "/", Terminal: true},
	})
	must(t, err)
	line, err := bufio.NewReader(socket.Master()).ReadString('\n')
	must(t, err)
	equal(t, "the terminal", "/dev/pts/0\n", line)
	status, err := running.Wait()
	must(t, err)
	equal(t, "status", unix.WaitStatus(0), status)
}

func TestTerminalThatNobodyTakes(t *testing.T) {
	err := newContainer(t, withTerminal, harness.Args("/bin/true")).refuse()
	if !strings.Contains(err.Error(), "console") {
		t.Errorf("the error is %q", err)
	}
}
