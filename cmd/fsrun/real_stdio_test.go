package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
)

// placesOfUsers are the user namespaces that a container may be in.
func placesOfUsers(t *testing.T) map[string]harness.Edit {
	t.Helper()
	pod := holder(t, syscall.CLONE_NEWUSER)
	return map[string]harness.Edit{
		"plain":          func(*specs.Spec) {},
		"user namespace": harness.UserNamespace,
		"a pod's user namespace": func(spec *specs.Spec) {
			harness.UserNamespace(spec)
			harness.Namespace(specs.UserNamespace, fmt.Sprintf("/proc/%d/ns/user", pod))(spec)
		},
	}
}

// fifo is a FIFO that only root may open, like those that engines make for each output.
func fifo(t *testing.T) *os.File {
	t.Helper()
	name := filepath.Join(t.TempDir(), "output")
	must(t, unix.Mkfifo(name, 0o700))
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	must(t, err)
	t.Cleanup(func() { file.Close() })
	return file
}

// reopening is a script that reopens the standard output and error.
const reopening = "echo out > /dev/stdout && echo err > /dev/stderr"

// TestProgramReopensItsOutput: even if it runs as a user other than the owner of its
// engine's FIFOs.
//
// SPEC: M-ACT-14
func TestProgramReopensItsOutput(t *testing.T) {
	harness.Need(t, harness.Container...)
	for name, edit := range placesOfUsers(t) {
		t.Run(name, func(t *testing.T) {
			opens := func(run func(stdio [3]int) (*parent.Running, error)) {
				t.Helper()
				null, err := os.Open(os.DevNull)
				must(t, err)
				defer null.Close()
				output := fifo(t)
				running, err := run([3]int{int(null.Fd()), int(output.Fd()), int(output.Fd())})
				must(t, err)
				status, err := running.Wait()
				must(t, err)
				equal(t, "status", unix.WaitStatus(0), status)
				text := make([]byte, 64)
				must(t, output.SetReadDeadline(time.Now().Add(10*time.Second)))
				size, err := output.Read(text)
				must(t, err)
				equal(t, "the output", "out\nerr\n", string(text[:size]))
			}
			c := newContainer(t, edit, as(1000), harness.Shell(reopening))
			opens(func(stdio [3]int) (*parent.Running, error) {
				c.Stdio = stdio
				return parent.Run(c.Options)
			})
			of := newContainer(t, edit, harness.Args("/bin/sleep", "1000"))
			of.start()
			opens(func(stdio [3]int) (*parent.Running, error) {
				process := &specs.Process{Args: []string{"/bin/sh", "-c", reopening}, Cwd: "/", User: specs.User{UID: 1000}}
				return parent.Exec(parent.ExecOptions{StateRoot: of.StateRoot, ID: of.ID, Process: process, Stdio: stdio})
			})
		})
	}
}

// TestProgramReopensItsTerminal: by every name that it has in the container.
//
// SPEC: M-OP-10
func TestProgramReopensItsTerminal(t *testing.T) {
	harness.Need(t, harness.Container...)
	for name, edit := range placesOfUsers(t) {
		t.Run(name, func(t *testing.T) {
			says := func(socket *harness.ConsoleSocket, running *parent.Running, want ...string) {
				t.Helper()
				lines := bufio.NewReader(socket.Master())
				for _, want := range want {
					line, err := lines.ReadString('\n')
					must(t, err)
					equal(t, "a line of the terminal", want+"\n", line)
				}
				status, err := running.Wait()
				must(t, err)
				equal(t, "status", unix.WaitStatus(0), status)
			}
			const named = reopening + " && echo name > $(tty)"
			c := newContainer(t, edit, as(1000), withTerminal, harness.Shell(named+" && echo console > /dev/console && stat -c %u:%g /dev/console"))
			socket := harness.ListenConsole(t)
			c.ConsoleSocket = socket.Path
			c.connect()
			running, err := parent.Run(c.Options)
			must(t, err)
			says(socket, running, "out", "err", "name", "console", "1000:5")

			of := newContainer(t, edit, harness.Args("/bin/sleep", "1000"))
			of.start()
			socket = harness.ListenConsole(t)
			running, err = parent.Exec(parent.ExecOptions{
				StateRoot: of.StateRoot, ID: of.ID, ConsoleSocket: socket.Path, Stdio: of.Stdio,
				Process: &specs.Process{Args: []string{"/bin/sh", "-c", named}, Cwd: "/", Terminal: true, User: specs.User{UID: 1000}},
			})
			must(t, err)
			says(socket, running, "out", "err", "name")
		})
	}
}

// TestWhatIsNotTheProgramsStays: the owner of a device, and of a file that the program may
// only read, does not change.
//
// SPEC: M-ACT-14
func TestWhatIsNotTheProgramsStays(t *testing.T) {
	c := newContainer(t, as(1000), harness.Shell("cat; echo error >&2"))
	secret := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(secret, []byte("secret"), 0o600))
	input, err := os.Open(secret)
	must(t, err)
	defer input.Close()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	must(t, err)
	defer null.Close()
	c.input = input
	c.connect()
	c.Stdio[2] = int(null.Fd())
	before := map[*os.File]uint32{input: ownerOf(t, input), null: ownerOf(t, null)} // another runtime may have given it away
	running, err := parent.Run(c.Options)
	must(t, err)
	c.wait(running)
	equal(t, "the output", "secret", strings.TrimSpace(c.stdout.String()))
	for file, owner := range before {
		equal(t, "the owner of "+file.Name(), owner, ownerOf(t, file))
	}
}

// TestCallersTerminalStays: the caller still owns the terminal, and types there once the
// container has ended.
//
// SPEC: M-ACT-14
func TestCallersTerminalStays(t *testing.T) {
	_, terminal := terminalPair(t)
	defer terminal.Close()
	before := ownerOf(t, terminal)
	c := newContainer(t, as(1000), harness.Args("/bin/true"))
	c.connect()
	descriptor := int(terminal.Fd())
	c.Stdio = [3]int{descriptor, descriptor, descriptor}
	running, err := parent.Run(c.Options)
	must(t, err)
	c.wait(running)
	equal(t, "the owner", before, ownerOf(t, terminal))
}

func ownerOf(t *testing.T, file *os.File) uint32 {
	t.Helper()
	var stat unix.Stat_t
	must(t, unix.Fstat(int(file.Fd()), &stat))
	return stat.Uid
}
