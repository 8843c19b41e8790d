package parent

import (
	"errors"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/parent/state"
)

// The child begins in the container's mount namespace if, and only if, something that sees
// it may be able to look into it.
func TestWatched(t *testing.T) {
	tracer := &specs.Process{Capabilities: &specs.LinuxCapabilities{Bounding: []string{"CAP_KILL", traceCapability}}}
	plain := &specs.Process{Capabilities: &specs.LinuxCapabilities{Bounding: []string{"CAP_KILL"}}}
	own := []specs.LinuxNamespace{{Type: specs.PIDNamespace}}
	shared := []specs.LinuxNamespace{{Type: specs.PIDNamespace, Path: "/proc/1/ns/pid"}}
	const ours, other = "/proc/self/ns/user", "/proc/self/ns/net" // any other file will do
	for _, c := range []struct {
		name       string
		process    *specs.Process // of the container
		joined     *specs.Process // that has joined before
		namespaces []specs.LinuxNamespace
		user       string // the file of the container's user namespace
		watched    bool
	}{
		{"nobody may trace", plain, nil, own, ours, false},
		{"no process and no capabilities", nil, &specs.Process{}, own, ours, false},
		{"the container may", tracer, nil, own, ours, true},
		{"in a user namespace", tracer, nil, own, other, false},
		{"in a user namespace that cannot be looked at", tracer, nil, own, "/nowhere", true},
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
			container := &state.Container{ID: "web", Namespaces: map[string]string{"mount": "/proc/self/ns/mnt", "pid": "/proc/self/ns/pid", "user": c.user}}
			if err := errors.Join(handle.Save(container), handle.Close()); err != nil {
				t.Fatal(err)
			}
			j := &joining{
				options:   &ExecOptions{StateRoot: root, ID: "web", Process: c.joined},
				container: container,
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
