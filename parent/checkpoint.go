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

// CheckpointOptions says how to checkpoint or restore a container.
type CheckpointOptions struct {
	// Images is the directory for the checkpoint's files, which is made if it does not
	// exist; Work is the one for CRIU's log, "" for the same.
	Images, Work string
	// LeaveRunning lets the container continue after the checkpoint; otherwise it ends.
	LeaveRunning bool
	// TCPEstablished allows open TCP connections.
	TCPEstablished bool
	// UnixSockets allows unix sockets whose other end is outside; they become unconnected.
	UnixSockets bool
	// ShellJob allows a session whose leader is outside.
	ShellJob bool
	// FileLocks allows file locks.
	FileLocks bool
}

// settings makes the directories and returns CRIU's settings.
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

// Checkpoint writes the processes of a running or paused container to files, with CRIU.
// Restore brings them back.
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

// checkWritable refuses what could be checkpointed but not restored completely.
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
