package state

import (
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// Container is what is known of a container once it is created.
type Container struct {
	// OCIVersion is the version of the specification that its bundle names.
	OCIVersion string
	// ID is its id.
	ID string
	// Init is its first process.
	Init Process
	// Bundle and Rootfs are absolute paths on the host.
	Bundle, Rootfs string
	// Created is when it was created.
	Created time.Time
	// Owner is the user id of its creator.
	Owner uint32
	// Cgroup is the absolute path of its cgroup directory, and CgroupMount that
	// of the cgroup2 mount it lies in.
	Cgroup, CgroupMount string
	// Unit is the name of the scope of systemd's that the cgroup is, "" where there
	// is none, and UserUnit says that it is one of the user's own manager.
	Unit     string
	UserUnit bool
	// OwnPIDNamespace says that the init is process 1 of a pid namespace of its
	// own, so that its death ends all others.
	OwnPIDNamespace bool
	// Namespaces holds the files of its namespaces, by their type in config.json.
	Namespaces map[string]string
	// UserNamespace is the inode of the user namespace that it was made in, 0 if an
	// older fsrun made it.
	UserNamespace uint64
	// Limits holds the committed limits as the kernel showed them, by cgroup file.
	Limits map[string]string
	// DeviceProgram is the id of the attached device program, zero for none.
	DeviceProgram uint32
	// Stdio describes descriptors 0, 1 and 2, such as /dev/null or pipe:[123].
	Stdio []string
	// StartSocket is the name, within the container's directory, of the socket
	// on which the init waits for start. While it exists the container is
	// created and not yet running. Empty if there is no waiting.
	StartSocket string
	// SeccompAgent is the path of the socket on which the agent of its seccomp
	// filter waits, empty if the filter notifies nobody.
	SeccompAgent string
	// CallersKeyring says that it was left its creator's session keyring.
	CallersKeyring bool
	// StartDeadline is for how long start waits for the program to be executed, with
	// all the time that the bundle's own hooks may take before; zero is for ever.
	StartDeadline time.Duration
	// Annotations are those of the bundle.
	Annotations map[string]string
	// Poststart and Poststop are the hooks that are still to be run.
	Poststart, Poststop []specs.Hook

	// creator is set while there is no state.json: the process that creates.
	creator Process
}
