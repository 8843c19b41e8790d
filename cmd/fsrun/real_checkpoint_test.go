package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/state"
)

// counting is a program that counts only in its memory, and reports how far it is.
const counting = "i=0; while :; do i=$((i+1)); echo $i > /volume/new; mv /volume/new /volume/count; sleep 0.02; done"

// counter is a container that counts, with the directory where it reports.
func counter(t *testing.T, edits ...harness.Edit) (c *container, volume string) {
	t.Helper()
	volume = harness.Directory(t)
	edits = append([]harness.Edit{harness.Args("/bin/sh", "-c", counting), func(s *specs.Spec) {
		s.Mounts = append(s.Mounts, specs.Mount{Destination: "/volume", Source: volume, Options: []string{"rbind", "rw"}})
	}}, edits...)
	return newContainer(t, edits...), volume
}

// countAfter waits until the counter has passed a number, and returns its value.
func countAfter(t *testing.T, volume string, number int) int {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		content, err := os.ReadFile(filepath.Join(volume, "count"))
		if err != nil {
			continue
		}
		if count, err := strconv.Atoi(strings.TrimSpace(string(content))); err == nil && count > number {
			return count
		}
	}
	t.Fatalf("the counter does not come beyond %d", number)
	return 0
}

// TestCheckpointAndRestore: a container comes back as it was, in a cgroup with its limits
// and device rules, and in the end nothing is left of it.
func TestCheckpointAndRestore(t *testing.T) {
	harness.NeedCRIU(t)
	mark := filepath.Join(harness.Directory(t), "poststart")
	var limits *specs.LinuxResources
	c, volume := counter(t, func(s *specs.Spec) {
		s.Hostname = "restored"
		s.Linux.Seccomp = &specs.LinuxSeccomp{DefaultAction: specs.ActAllow, Syscalls: []specs.LinuxSyscall{{Names: []string{"swapon"}, Action: specs.ActErrno}}}
		s.Hooks = &specs.Hooks{Poststart: []specs.Hook{{Path: "/bin/sh", Args: []string{"sh", "-c", "echo x >> " + mark}}}}
		if harness.Guest() {
			limit := int64(7)
			s.Linux.Resources.Pids = &specs.LinuxPids{Limit: &limit}
			limits = s.Linux.Resources
		}
	})
	c.start()
	before := countAfter(t, volume, 5)
	first := look(t, c)
	images := parent.CheckpointOptions{Images: filepath.Join(harness.Directory(t), "images")}
	must(t, parent.Checkpoint(c.StateRoot, c.ID, images))
	inspected, err := parent.Inspect(c.StateRoot, c.ID)
	must(t, err)
	equal(t, "status", state.Stopped, inspected.Status)
	must(t, parent.Delete(c.StateRoot, c.ID, false))
	stood := countAfter(t, volume, before-1)

	c.stdout.end()
	c.stderr.end()
	c.connect()
	running, err := parent.Restore(c.Options, images)
	must(t, err)
	if after := countAfter(t, volume, stood); after < stood {
		t.Errorf("it counts from %d, having been at %d", after, stood)
	}
	equal(t, "what it is", first, look(t, c))
	equal(t, "seen by a process that joins", "restored", strings.TrimSpace(c.exec(&specs.Process{Args: []string{"/bin/hostname"}, Cwd: "/"})))
	hooks, err := os.ReadFile(mark)
	must(t, err)
	equal(t, "poststart hooks that ran", "x\nx\n", string(hooks))
	if limits != nil {
		content, err := os.ReadFile(filepath.Join(running.Container().Cgroup, "pids.max"))
		must(t, err)
		equal(t, "pids.max", "7\n", string(content))
	}
	if running.Container().DeviceProgram == 0 {
		t.Error("it has no device program")
	}
	must(t, parent.Kill(c.StateRoot, c.ID, unix.SIGKILL, false))
	c.wait(running)
	must(t, parent.Delete(c.StateRoot, c.ID, false))
}

// seen is what must be the same about a restored container.
type seen struct {
	Cgroup, Seccomp, Capabilities, Command string
	Mounts                                 []string
}

func look(t *testing.T, c *container) seen {
	t.Helper()
	pid := initOf(t, c)
	proc := func(name string) string {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
		must(t, err)
		return string(content)
	}
	status := map[string]string{}
	for line := range strings.Lines(proc("status")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		status[name] = strings.TrimSpace(value)
	}
	var s seen
	for line := range strings.Lines(proc("cgroup")) {
		if path, is := strings.CutPrefix(line, "0::"); is {
			s.Cgroup = strings.TrimSpace(path)
		}
	}
	s.Seccomp, s.Capabilities, s.Command = status["Seccomp"], status["CapEff"]+status["CapBnd"], proc("cmdline")
	for line := range strings.Lines(proc("mountinfo")) {
		fields := strings.Fields(line)
		s.Mounts = append(s.Mounts, fields[4]+" "+fields[5])
	}
	slices.Sort(s.Mounts) // their order is CRIU's own
	return s
}

// TestCheckpointLeavesRunning: a running container continues, and a paused one remains
// paused.
func TestCheckpointLeavesRunning(t *testing.T) {
	harness.NeedCRIU(t)
	c, volume := counter(t)
	c.start()
	images := parent.CheckpointOptions{Images: harness.Directory(t), LeaveRunning: true}
	count := countAfter(t, volume, 3)
	must(t, parent.Checkpoint(c.StateRoot, c.ID, images))
	count = countAfter(t, volume, count)
	must(t, parent.Pause(c.StateRoot, c.ID))
	must(t, parent.Checkpoint(c.StateRoot, c.ID, images))
	inspected, err := parent.Inspect(c.StateRoot, c.ID)
	must(t, err)
	equal(t, "status", state.Paused, inspected.Status)
	must(t, parent.Resume(c.StateRoot, c.ID))
	countAfter(t, volume, count)
}

// TestCheckpointRefuses: what could not be restored completely is refused by name, before
// anything is written.
func TestCheckpointRefuses(t *testing.T) {
	harness.NeedCRIU(t)
	for name, test := range map[string]struct {
		edit harness.Edit
		want string
	}{
		"user namespace": {func(s *specs.Spec) {
			s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: specs.UserNamespace})
			s.Linux.UIDMappings = []specs.LinuxIDMapping{{HostID: 100000, Size: 65536}}
			s.Linux.GIDMappings = s.Linux.UIDMappings
		}, `is a "user" namespace`},
		"pids of others": {withoutNamespace(specs.PIDNamespace), `linux.namespaces: has no "pid" entry`},
		"shared with others": {func(s *specs.Spec) {
			withoutNamespace(specs.IPCNamespace)(s)
			s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: specs.IPCNamespace, Path: "/proc/self/ns/ipc"})
		}, "/proc/self/ns/ipc is shared with others"},
		"symbolic link": {func(s *specs.Spec) {
			s.Mounts = append(s.Mounts, specs.Mount{Destination: "/link/volume", Source: "/tmp", Options: []string{"bind"}})
		}, "is not the path of a mount in the container"},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := counter(t, test.edit)
			must(t, os.Symlink("dev", filepath.Join(c.Bundle, "rootfs", "link")))
			c.start()
			images := filepath.Join(harness.Directory(t), "images")
			err := parent.Checkpoint(c.StateRoot, c.ID, parent.CheckpointOptions{Images: images})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v does not say %q", err, test.want)
			}
			if _, err := os.Stat(images); !os.IsNotExist(err) {
				t.Errorf("the directory of the files: %v", err)
			}
		})
	}
}

// TestCheckpointRestoreFails: nothing is left of a container that cannot be restored,
// whichever step fails.
func TestCheckpointRestoreFails(t *testing.T) {
	harness.NeedCRIU(t)
	c, volume := counter(t)
	c.start()
	countAfter(t, volume, 3)
	images := parent.CheckpointOptions{Images: harness.Directory(t)}
	must(t, parent.Checkpoint(c.StateRoot, c.ID, images))
	must(t, parent.Delete(c.StateRoot, c.ID, false))
	stood := countAfter(t, volume, 0)
	for name, test := range map[string]struct {
		spoil func(*parent.Options)
		edit  harness.Edit
		want  string
	}{
		"after all processes are there": {func(o *parent.Options) { o.PIDFile = "/not/there/pid" }, nil, "/not/there/pid"},
		"another mount":                 {nil, func(s *specs.Spec) { s.Mounts = s.Mounts[:len(s.Mounts)-1] }, "mounts: has no bind at /volume"},
		"another network":               {nil, withoutNamespace(specs.NetworkNamespace), "has another network"},
		"CRIU itself":                   {nil, func(s *specs.Spec) { s.Root.Path = volume }, "criu restore: "},
	} {
		t.Run(name, func(t *testing.T) {
			o := c.Options
			if test.edit != nil {
				config := filepath.Join(o.Bundle, "config.json")
				whole, err := os.ReadFile(config)
				must(t, err)
				harness.EditSpec(t, o.Bundle, test.edit)
				defer func() { must(t, os.WriteFile(config, whole, 0o644)) }()
			}
			if test.spoil != nil {
				test.spoil(&o)
			}
			snapshot := harness.Watch(t, c.StateRoot)
			_, err := parent.Restore(o, images)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v does not say %q", err, test.want)
			}
			snapshot.Settled()
			equal(t, "where the counter stands", stood, countAfter(t, volume, 0))
		})
	}
}

// TestCheckpointRestoreHooks: the container is nobody's when the poststart hooks run, as
// after start. One may change it, and if one fails it is deleted.
func TestCheckpointRestoreHooks(t *testing.T) {
	harness.NeedCRIU(t)
	failing := filepath.Join(harness.Directory(t), "failing")
	c, volume := counter(t, func(s *specs.Spec) {
		s.Hooks = &specs.Hooks{Poststart: []specs.Hook{{Path: "/bin/sh", Args: []string{"sh", "-c", "! test -e " + failing}}}}
	})
	c.start()
	countAfter(t, volume, 3)
	images := parent.CheckpointOptions{Images: harness.Directory(t)}
	must(t, parent.Checkpoint(c.StateRoot, c.ID, images))
	must(t, parent.Delete(c.StateRoot, c.ID, false))
	must(t, os.WriteFile(failing, nil, 0o644))
	snapshot := harness.Watch(t, c.StateRoot)
	_, err := parent.Restore(c.Options, images)
	if err == nil || !strings.Contains(err.Error(), "hook poststart[0]") || strings.Contains(err.Error(), "busy") {
		t.Errorf("it fails with: %v", err)
	}
	snapshot.Settled()
}

func withoutNamespace(kind specs.LinuxNamespaceType) harness.Edit {
	return func(s *specs.Spec) {
		s.Linux.Namespaces = slices.DeleteFunc(s.Linux.Namespaces, func(n specs.LinuxNamespace) bool { return n.Type == kind })
	}
}
