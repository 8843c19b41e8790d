package parent

import (
	"errors"
	"fmt"
	"os"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/criu"
	"github.com/fsrun/fsrun/parent/netdev"
	"github.com/fsrun/fsrun/parent/plan"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol/machine"
)

// restoring is a container that CRIU restores. What surrounds its processes is made as for
// a new container, but there is no child of ours and thus no handshake.
type restoring struct {
	*handshake
	from    *CheckpointOptions
	outside *outside
	network *os.File // nil if the container has no network namespace of its own
}

// Restore restores what Checkpoint has written, as a new container from the same bundle.
// Its limits are those of the bundle and are in force before it continues. It does not run
// the hooks for creating a container again, but those of poststart.
func Restore(o Options, from CheckpointOptions) (*Running, error) {
	child, container, err := restore(&o, &from)
	if err != nil {
		return nil, err
	}
	return finishStart(&o, child, container)
}

// restore returns once the container is unlocked: hooks that follow may change it.
func restore(o *Options, from *CheckpointOptions) (*process, *state.Container, error) {
	if err := criu.Find(); err != nil {
		return nil, nil, fmt.Errorf("restore: %w", err)
	}
	if err := state.ValidateID(o.ID); err != nil {
		return nil, nil, err
	}
	outside, err := readOutside(from.Images)
	if err != nil {
		return nil, nil, err
	}
	prepared, err := readBundle(o)
	if err != nil {
		return nil, nil, err
	}
	r := &restoring{handshake: newHandshake(prepared, o), from: from, outside: outside}
	defer r.close()
	if err := checkWritable(prepared.bundle.Spec); err != nil {
		return nil, nil, err
	}
	if err := prepared.lower(o); err != nil {
		return nil, nil, err
	}
	if err := r.make(); err != nil {
		_, tearError := r.tearDown(machine.Message{})
		r.child.close()
		return nil, nil, errors.Join(err, tearError)
	}
	return r.child, r.record, nil
}

func (r *restoring) make() error {
	if _, err := r.reserve(machine.Message{}); err != nil {
		return err
	}
	r.loadProgram()
	if err := r.openNetwork(); err != nil {
		return err
	}
	if r.network != nil {
		defer r.network.Close()
	}
	settings, err := r.from.settings()
	if err != nil {
		return err
	}
	spec := r.bundle.Spec
	if settings.External, err = r.outside.sources(spec, r.bundle.Directory); err != nil {
		return err
	}
	restore := &criu.Restore{
		Settings: settings, Root: bundle.RootPath(spec, r.bundle.Directory),
		Inherited: r.inherited(), Restored: r.restored,
	}
	if r.group != nil {
		restore.Cgroup = r.group.Path()
	}
	for _, file := range restore.Inherited {
		if file != r.network {
			defer file.Close()
		}
	}
	return inPrivateMounts(func() error {
		if err := mountRoot(restore.Root, spec.Root.Readonly); err != nil {
			return err
		}
		return withYard(r.tree, &restore.Settings, restore.Do)
	})
}

// openNetwork opens the network namespace that the bundle names, or makes one.
func (r *restoring) openNetwork() (err error) {
	namespaces := r.bundle.Spec.Linux.Namespaces
	i := slices.IndexFunc(namespaces, func(n specs.LinuxNamespace) bool { return n.Type == specs.NetworkNamespace })
	if (i >= 0) != r.outside.Network {
		return &bundle.Error{Path: "linux.namespaces", Found: "has another network than the container that was written", Allowed: "the namespaces of that container"}
	}
	if i < 0 {
		return nil
	}
	if path := namespaces[i].Path; path != "" {
		descriptor, err := openNamespace(plan.Namespace{Type: unix.CLONE_NEWNET, Path: path, At: fmt.Sprintf("linux.namespaces[%d].path", i)})
		if err != nil {
			return err
		}
		r.network = os.NewFile(uintptr(descriptor), path)
		return nil
	}
	r.network, err = netdev.NewNamespace()
	return err
}

// inherited returns the files that the container gets from outside.
func (r *restoring) inherited() map[string]*os.File {
	files := map[string]*os.File{}
	if r.network != nil {
		files[networkKey] = r.network
	}
	for fd, name := range r.outside.Stdio {
		if name != "" && files[name] == nil {
			if descriptor, err := unix.FcntlInt(uintptr(r.options.Stdio[fd]), unix.F_DUPFD_CLOEXEC, 0); err == nil {
				files[name] = os.NewFile(uintptr(descriptor), name)
			} // otherwise the caller has closed it, and CRIU will say what is missing
		}
	}
	return files
}

// restored records the processes as a container. They exist, but none is running yet.
func (r *restoring) restored(pid int) (err error) {
	if r.child, err = watch(pid); err != nil {
		return err
	}
	started, err := state.StartTime(pid)
	if err != nil {
		return err
	}
	r.record = &state.Container{Init: state.Process{PID: pid, StartTime: started}}
	if err := r.handle.Intend(state.Intent{Step: intentChild, Process: r.record.Init}); err != nil {
		return err
	}
	if namespace := bundle.FindNamespace(r.bundle.Spec, specs.NetworkNamespace); namespace != nil && namespace.Path == "" {
		if err := moveDevices(r.bundle.Spec, pid); err != nil {
			return err
		}
	}
	if _, err := r.commit(machine.Message{}); err != nil {
		return err
	}
	return announce(r.child, r.options.PIDFile, r.options.PIDFDSocket)
}
