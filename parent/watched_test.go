package parent

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/parent/state"
)

// unmapped is a user who has no ID in the user namespace of a test.
const unmapped = 54321

// userNamespace returns the user namespace of a new process, in which user has an ID.
func userNamespace(t *testing.T, user int) *users {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("it takes root to give a user namespace any user's id")
	}
	process := exec.Command("/bin/sleep", "1000")
	process.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 7, HostID: user, Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		process.Process.Kill()
		process.Wait()
	})
	found, err := openUsers(&state.Container{
		Init:       state.Process{PID: process.Process.Pid},
		Namespaces: map[string]string{"user": fmt.Sprintf("/proc/%d/ns/user", process.Process.Pid)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { found.Close() })
	return found
}

// The child begins in the container's mount namespace if, and only if, something that sees
// it may be able to look into it.
func TestWatched(t *testing.T) {
	tracer := &specs.Process{Capabilities: &specs.LinuxCapabilities{Bounding: []string{"CAP_KILL", traceCapability}}}
	plain := &specs.Process{Capabilities: &specs.LinuxCapabilities{Bounding: []string{"CAP_KILL"}}}
	own := []specs.LinuxNamespace{{Type: specs.PIDNamespace}}
	shared := []specs.LinuxNamespace{{Type: specs.PIDNamespace, Path: "/proc/1/ns/pid"}}
	ours := &users{ours: true}
	left := &users{left: true}
	without, with := userNamespace(t, unmapped), userNamespace(t, os.Geteuid())
	for _, c := range []struct {
		name       string
		process    *specs.Process // of the container
		joined     *specs.Process // that has joined before
		namespaces []specs.LinuxNamespace
		users      *users // the container's user namespace
		watched    bool
	}{
		{"nobody may trace", plain, nil, own, ours, false},
		{"no process and no capabilities", nil, &specs.Process{}, own, ours, false},
		{"the container may", tracer, nil, own, ours, true},
		{"in a user namespace", tracer, nil, own, without, false},
		{"in a user namespace that has an id for us", tracer, nil, own, with, true},
		{"in a user namespace that the init has left", tracer, nil, own, left, true},
		{"in the host's PID namespace", tracer, nil, nil, ours, false},
		{"in another's PID namespace", plain, nil, shared, ours, true},
		{"who joined before may not", plain, plain, own, ours, false},
		{"who joined before may", plain, tracer, own, ours, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			store, err := state.Open(root)
			if err != nil {
				t.Fatal(err)
			}
			handle, err := store.Reserve("web", "/bundle")
			if err != nil {
				t.Fatal(err)
			}
			container := &state.Container{ID: "web", Namespaces: map[string]string{"mount": "/proc/self/ns/mnt", "pid": "/proc/self/ns/pid"}}
			if err := errors.Join(handle.Save(container), handle.Close()); err != nil {
				t.Fatal(err)
			}
			j := &joining{
				options:   &ExecOptions{StateRoot: root, ID: "web", Process: c.joined},
				container: container,
				users:     c.users,
				spec:      &specs.Spec{Process: c.process, Linux: &specs.Linux{Namespaces: c.namespaces}},
			}
			if err := j.noteTracer(); err != nil {
				t.Fatal(err)
			}
			mount, err := j.watched()
			if err != nil {
				t.Fatal(err)
			}
			defer closeDescriptor(&mount)
			if watched := mount >= 0; watched != c.watched {
				t.Errorf("is watched: %v; want %v", watched, c.watched)
			}
		})
	}
}
