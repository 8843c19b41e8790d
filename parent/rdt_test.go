package parent

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/plan"
	"github.com/fsrun/fsrun/parent/resctrl"
	"github.com/fsrun/fsrun/parent/resctrl/resctrltest"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol/machine"
)

// TestShares: a container's process, and one that joins it, are in its resctrl group, which
// is removed with the container, by delete or if its creation fails.
func TestShares(t *testing.T) {
	for name, end := range map[string]func(*handshake) error{
		"delete":   func(h *handshake) error { return undo(h.store, h.handle, nil) },
		"teardown": func(h *handshake) error { _, err := h.tearDown(machine.Message{}); return err },
	} {
		t.Run(name, func(t *testing.T) {
			directory, open := resctrltest.New(t)
			find := findResctrl
			findResctrl = open
			t.Cleanup(func() { findResctrl = find })
			h := reserved(t, &specs.LinuxIntelRdt{L3CacheSchema: "L3:0=f", EnableMonitoring: true})
			wantNoError(t, h.makeShares())
			wantNoError(t, h.commitShares())
			wantNoError(t, share(h.bundle.Spec, h.options.ID, os.Getpid()))
			want := strconv.Itoa(h.child.pid) + "\n" + strconv.Itoa(os.Getpid()) + "\n"
			for _, tasks := range []string{"web/tasks", "web/mon_groups/web/tasks"} {
				content, err := os.ReadFile(filepath.Join(directory, tasks))
				if err != nil || string(content) != want {
					t.Errorf("%s: %q, %v; want %q", tasks, content, err, want)
				}
			}
			wantNoError(t, end(h))
			if _, err := os.Stat(filepath.Join(directory, "web")); !os.IsNotExist(err) {
				t.Errorf("the group is left: %v", err)
			}
		})
	}
}

// TestSharesWithoutFileSystem: a group that cannot be made is refused, and one that
// disappeared with the file system does not prevent delete.
func TestSharesWithoutFileSystem(t *testing.T) {
	find := findResctrl
	findResctrl = func() (*resctrl.Tree, error) { return nil, resctrl.ErrNotMounted }
	t.Cleanup(func() { findResctrl = find })
	p := &prepared{bundle: &bundle.Bundle{Spec: &specs.Spec{Linux: &specs.Linux{}}}}
	wantNoError(t, p.findShares())
	p.bundle.Spec.Linux.IntelRdt = &specs.LinuxIntelRdt{}
	if err := p.findShares(); err == nil || !strings.HasPrefix(err.Error(), "linux.intelRdt: no resctrl file system is mounted") {
		t.Errorf("%v", err)
	}
	wantNoError(t, removeShares([]string{"web"}))
}

// reserved is a handshake whose container's ID is reserved and whose child exists.
func reserved(t *testing.T, asked *specs.LinuxIntelRdt) *handshake {
	t.Helper()
	store, err := state.Open(t.TempDir())
	wantNoError(t, err)
	handle, err := store.Reserve("web", "/bundle")
	wantNoError(t, err)
	t.Cleanup(func() { handle.Close() })
	command := exec.Command("/proc/self/exe", "-test.run=^$")
	wantNoError(t, command.Start())
	child, err := watch(command.Process.Pid)
	wantNoError(t, err)
	t.Cleanup(child.close)
	t.Cleanup(child.terminate)
	h := &handshake{
		prepared: &prepared{bundle: &bundle.Bundle{Spec: &specs.Spec{Linux: &specs.Linux{IntelRdt: asked}}}, plan: new(plan.Plan)},
		options:  &Options{ID: "web"}, handle: handle, child: child,
	}
	wantNoError(t, h.findShares())
	t.Cleanup(h.resctrl.Close)
	return h
}

func wantNoError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
