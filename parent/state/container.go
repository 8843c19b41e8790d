package state

import (
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// Container is the record of a container that has been created.
type Container struct {
	// OCIVersion is the version of the specification in its bundle.
	OCIVersion string
	// ID is its id.
	ID string
	// Init is its first process.
	Init Process
	// Bundle and Rootfs are absolute paths on the host.
	Bundle, Rootfs string
	// Created is when it was created.
	Created time.Time
	// Owner is the user ID of its creator.
	Owner uint32
	// Cgroup is the absolute path of its cgroup directory, and CgroupMount that of the
	// cgroup2 mount.
	Cgroup, CgroupMount string
	// Unit is the name of the systemd scope whose cgroup it is, "" if there is none.
	// UserUnit says that the scope belongs to the user's own manager.
	Unit     string
	UserUnit bool
	// OwnPIDNamespace says that the init is process 1 in a PID namespace of its own, so
	// that its death ends all others.
	OwnPIDNamespace bool
	// Namespaces holds the files of its namespaces, by their type in config.json.
	Namespaces map[string]string
	// UserNamespace is the inode of the user namespace in which it was made, 0 if an older
	// fsrun made it.
	UserNamespace uint64
	// Limits holds the committed limits as the kernel showed them, by cgroup file.
	Limits map[string]string
	// DeviceProgram is the ID of the attached device program, zero for none.
	DeviceProgram uint32
	// Stdio describes descriptors 0, 1 and 2, such as /dev/null or pipe:[123].
	Stdio []string
	// StartSocket is the name, within the container's directory, of the socket on which the
	// init waits for start. As long as it exists, the container is created but not yet
	// running. It is empty if the init does not wait.
	StartSocket string
	// SeccompAgent is the path of the socket of the agent of its seccomp filter, empty if
	// the filter sends no notifications.
	SeccompAgent string
	// CallersKeyring says that it kept its creator's session keyring.
	CallersKeyring bool
	// StartDeadline is how long start waits for the program to be executed, including all
	// the time that the bundle's own hooks may take before; zero means forever.
	StartDeadline time.Duration
	// Annotations are those of the bundle.
	Annotations map[string]string
	// Poststart and Poststop are the hooks that have yet to run.
	Poststart, Poststop []specs.Hook

	// creator is the process that creates the container. It is set as long as there is no
	// state.json.
	creator Process
}
