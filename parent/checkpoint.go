package parent

import (
	"errors"
	"fmt"
	"os"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/criu"
	"github.com/fsrun/fsrun/parent/state"
)

// CheckpointOptions says how a container is to be written to files, and brought back.
type CheckpointOptions struct {
	// Images is the directory that takes the files, made where it is missing, and
	// Work that of CRIU's log; "" stands for the same.
	Images, Work string
	// LeaveRunning has the container go on after it is written; else it ends.
	LeaveRunning bool
	// TCPEstablished has connections that are open survive.
	TCPEstablished bool
	// UnixSockets has sockets whose other end is outside become unconnected ones.
	UnixSockets bool
	// ShellJob has a session survive whose leader is outside.
	ShellJob bool
	// FileLocks has locks on files survive.
	FileLocks bool
}

// settings makes the directories, and names them as CRIU wants them.
func (o *CheckpointOptions) settings() (criu.Settings, error) {
	if o.Work == "" {
		o.Work = o.Images
	}
	for _, directory := range []string{o.Images, o.Work} {
		if err := os.MkdirAll(directory, 0o700); err != nil {
			return criu.Settings{}, err
		}
	}
	return criu.Settings{
		Images: o.Images, Work: o.Work, TCPEstablished: o.TCPEstablished,
		UnixSockets: o.UnixSockets, ShellJob: o.ShellJob, FileLocks: o.FileLocks,
	}, nil
}

// Checkpoint writes the processes of a container that runs, or is paused, to files,
// with CRIU. Restore brings them back.
func Checkpoint(root, id string, o CheckpointOptions) error {
	if err := criu.Find(); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	l, err := lock(root, id)
	if err != nil {
		return err
	}
	defer l.Close()
	if err := l.require("checkpoint", state.Running, state.Paused); err != nil {
		return err
	}
	spec, err := Configuration(root, id)
	if err != nil {
		return err
	}
	if err := checkWritable(spec); err != nil {
		return err
	}
	outside, err := findOutside(spec, l.container)
	if err != nil {
		return err
	}
	settings, err := o.settings()
	if err != nil {
		return err
	}
	if settings.External, err = outside.names(l.container); err != nil {
		return err
	}
	if err := outside.save(o.Images); err != nil {
		return err
	}
	dump := &criu.Dump{Settings: settings, PID: l.container.Init.PID, Cgroup: l.container.Cgroup, LeaveRunning: o.LeaveRunning}
	var tree *cgroupv2.Tree
	if dump.Cgroup != "" {
		if tree, err = cgroupv2.Find(); err != nil {
			return err
		}
		defer tree.Close()
	}
	return inPrivateMounts(func() error { return withYard(tree, &dump.Settings, dump.Do) })
}

// checkWritable refuses what could be written and not be brought back whole.
func checkWritable(spec *specs.Spec) error {
	const allowed = "a container without it for checkpoint and restore"
	if isConfined(ownUserNamespace()) {
		return errors.New("checkpoint and restore are for root of the host alone: CRIU needs its powers")
	}
	if spec.Process.Terminal {
		return &bundle.Error{Path: "process.terminal", Found: "is set: a terminal's master is outside the container", Allowed: allowed}
	}
	for i, namespace := range spec.Linux.Namespaces {
		at := fmt.Sprintf("linux.namespaces[%d]", i)
		if namespace.Type == specs.UserNamespace {
			return &bundle.Error{Path: at, Found: `is a "user" namespace`, Allowed: allowed}
		}
		if namespace.Path != "" && namespace.Type != specs.NetworkNamespace {
			return &bundle.Error{Path: at + ".path", Found: fmt.Sprintf("%s is shared with others", namespace.Path), Allowed: "a path of a network namespace alone, for checkpoint and restore"}
		}
	}
	if bundle.FindNamespace(spec, specs.PIDNamespace) == nil {
		return &bundle.Error{Path: "linux.namespaces", Found: `has no "pid" entry, and process ids may be in use when they are wanted back`, Allowed: "a new pid namespace, for checkpoint and restore"}
	}
	return nil
}
