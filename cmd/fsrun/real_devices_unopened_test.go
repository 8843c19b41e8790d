package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol/machine"
)

// withoutHome leaves it to the child to find the user's home directory.
func withoutHome(spec *specs.Spec) { spec.Process.Env = []string{"PATH=/bin"} }

// TestDevicesAreNotOpened: a device in place of a file that the child reads is never
// opened. Its driver would act on that, and the child may open what the container's device
// rules forbid.
//
// SPEC: M-TRUST-10
// CLASS: V20
func TestDevicesAreNotOpened(t *testing.T) {
	for place, refused := range map[string]bool{"/etc/passwd": false, "/bin/tool": true} {
		t.Run("run "+place, func(t *testing.T) {
			wire := harness.NewTripwire(t)
			over := func(spec *specs.Spec) { spec.Mounts = append(spec.Mounts, harness.Bind(wire.Path, place)) }
			program := map[bool]string{false: "true", true: "tool"}[refused]
			c := newContainer(t, over, withoutHome, harness.Args(program))
			if refused {
				c.refuse()
			} else {
				c.succeed()
			}
			if wire.Tripped() {
				t.Error("the device was opened")
			}
		})
	}
	t.Run("exec", func(t *testing.T) {
		wire := harness.NewTripwire(t)
		over := func(spec *specs.Spec) { spec.Mounts = append(spec.Mounts, harness.Bind(wire.Path, "/etc/passwd")) }
		c := newContainer(t, over, harness.Args("/bin/sleep", "1000"))
		c.start()
		home := c.exec(&specs.Process{Args: []string{"/bin/sh", "-c", "echo $HOME"}, Cwd: "/", User: specs.User{UID: 1000}})
		equal(t, "the home directory", "/", home)
		process := &specs.Process{Args: []string{"/etc/passwd"}, Cwd: "/"}
		joined := &container{t: t}
		joined.connect()
		if running, err := parent.Exec(parent.ExecOptions{StateRoot: c.StateRoot, ID: c.ID, Process: process, Stdio: joined.Stdio}); err == nil {
			_, _ = running.Terminate()
			t.Error("a device was executed")
		}
		if wire.Tripped() {
			t.Error("the device was opened")
		}
	})
}

// TestKernelLogIsNotRead: an image's /etc/passwd leads to the kernel's log. Reading that
// would take lines from whoever logs them, and wait for the next one.
//
// SPEC: M-TRUST-10
// CLASS: V20
func TestKernelLogIsNotRead(t *testing.T) {
	c := newContainer(t, withoutHome, harness.Shell("echo $HOME"))
	passwd := filepath.Join(c.Bundle, "rootfs/etc/passwd")
	must(t, os.Remove(passwd))
	must(t, os.Symlink("/proc/kmsg", passwd))
	c.Deadlines = map[machine.State]time.Duration{parentmachine.Preparing: 10 * time.Second}
	c.succeed()
	equal(t, "the home directory", "/", strings.TrimSpace(c.stdout.String()))
}
