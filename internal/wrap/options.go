package wrap

// Options says what to run, and what the container is to have beyond the least.
type Options struct {
	// Program is an absolute path, and Arguments all that follow it.
	Program   string
	Arguments []string
	// Directory is the working directory, an absolute path on the host.
	Directory string
	// Environment is the whole environment, as KEY=VALUE.
	Environment []string
	// Hostname is the name in the container's uts namespace.
	Hostname string
	// Terminal gives the program a terminal of its own.
	Terminal bool

	// Writable are paths of the host that are writable at the same place.
	Writable []string
	// HostNetwork shares the host's network.
	HostNetwork bool
	// Unconfined leaves out the seccomp profile.
	Unconfined bool
	// Capabilities are added, as CAP_NAME.
	Capabilities []string
	// User is who runs the program; nil for the caller.
	User *User
	// Rootless: the caller has no privileges.
	Rootless bool

	Limits
}

// User is a user of the host.
type User struct {
	UID, GID uint32
	Groups   []uint32
}

// Limits are what the container may use; nil for no limit.
type Limits struct {
	Pids       *int64
	Memory     *int64 // bytes
	MemorySwap *int64 // bytes of swap alone
	CPUs       *float64
}
