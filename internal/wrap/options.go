package wrap

// Options says what to run, and what the container gets beyond the minimum.
type Options struct {
	// Program is an absolute path, Arguments what follows it.
	Program   string
	Arguments []string
	// Directory is the working directory, an absolute path on the host.
	Directory string
	// Environment is the whole environment, as KEY=VALUE.
	Environment []string
	// Hostname is the name in the container's UTS namespace.
	Hostname string
	// Terminal gives the program a terminal of its own.
	Terminal bool

	// Writable lists paths of the host that are writable at the same place.
	Writable []string
	// HostNetwork shares the host's network.
	HostNetwork bool
	// Unconfined leaves out the seccomp profile.
	Unconfined bool
	// Capabilities are added to none, as CAP_NAME.
	Capabilities []string
	// User is the user to run the program as; nil for the caller.
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

// Limits is what the container may use; nil means no limit.
type Limits struct {
	Pids       *int64
	Memory     *int64 // bytes
	MemorySwap *int64 // bytes of swap, not including memory
	CPUs       *float64
}
