package main

import (
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/state"
)

// otherTools write bundles too.
var otherTools = []string{"runc", "crun"}

// specOf makes a bundle with the other tool's spec command and a busybox rootfs.
func specOf(t *testing.T, tool string) *container {
	t.Helper()
	harness.Need(t, harness.Container...)
	harness.NeedProgram(t, tool)
	directory := harness.Directory(t)
	harness.Rootfs(t, filepath.Join(directory, "rootfs"))
	command := exec.Command(tool, "spec")
	command.Dir = directory
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s spec: %v: %s", tool, err, output)
	}
	return newContainerOf(t, directory)
}

func TestSpecOfOtherToolsRuns(t *testing.T) {
	for _, tool := range otherTools {
		t.Run(tool, func(t *testing.T) {
			c := specOf(t, tool)
			socket := harness.ListenConsole(t)
			c.ConsoleSocket = socket.Path
			c.connect()
			running, err := parent.Run(c.Options)
			must(t, err)
			master := socket.Master()
			_, err = master.WriteString("echo pid $$ $((6*7)); exit 7\n")
			must(t, err)
			said, _ := io.ReadAll(master) // EIO once the shell has ended
			if !strings.Contains(string(said), "pid 1 42\n") {
				t.Errorf("the shell said %q", said)
			}
			equal(t, "status", 7, c.wait(running).ExitStatus())
		})
	}
}

func TestSpecOfOtherToolsLives(t *testing.T) {
	for _, tool := range otherTools {
		t.Run(tool, func(t *testing.T) {
			c := specOf(t, tool)
			socket := harness.ListenConsole(t)
			c.ConsoleSocket = socket.Path
			c.create()
			socket.Master()
			equal(t, "status", state.Created, c.status())
			must(t, c.startNow())
			equal(t, "status", state.Running, c.status())
			equal(t, "exec", "1\nsh", c.exec(&specs.Process{
				Args: []string{"/bin/sh", "-c", "cat /sys/fs/cgroup/cgroup.procs | head -1; cat /proc/1/comm"}, Cwd: "/",
			}))
			must(t, parent.Kill(c.StateRoot, c.ID, unix.SIGKILL, false))
			waitForStatus(c, state.Stopped)
			must(t, parent.Delete(c.StateRoot, c.ID, false))
		})
	}
}
