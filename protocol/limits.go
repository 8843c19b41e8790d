package protocol

// Version is the protocol version that this package speaks (SPEC.md, Version).
const Version = 1

// The limits of SPEC.md, "Limits". A decoder enforces each of them before it
// allocates, an encoder before it sends.
const (
	// MaxFrame is the largest frame in bytes. It lies below the kernel's default
	// socket buffer (net.core.wmem_default, 208 KiB), so that a frame always fits
	// into one message, and above the longest string that execve takes
	// (MAX_ARG_STRLEN, 128 KiB).
	MaxFrame = 192 << 10

	// MaxDepth is how deep arrays and maps may nest: frame, its fields, operations,
	// one operation, its fields, a list among them, a pair in that.
	MaxDepth = 7

	// MaxElements is how many list elements one frame may hold, all its lists
	// together. With MaxFrame it bounds what decoding a frame can allocate.
	MaxElements = 4096

	// MaxDescriptors is how many descriptors one frame may carry; the kernel's
	// own limit is 253 (SCM_MAX_FD).
	MaxDescriptors = 64

	// MaxPlan is the largest plan in encoded bytes, all its frames together.
	MaxPlan = 16 << 20

	// MaxOps is how many operations a plan may hold.
	MaxOps = 32768

	// MaxArgument is the longest argument or environment string in bytes: what
	// execve takes, less its terminating NUL (MAX_ARG_STRLEN).
	MaxArgument = 128<<10 - 1

	// MaxPath is the longest path in bytes, less its terminating NUL (PATH_MAX).
	MaxPath = 4095

	// MaxName bounds names: of file systems, sysctls, states, system calls.
	MaxName = 255

	// MaxText bounds text written for people.
	MaxText = 8 << 10

	// MaxFilter is the largest seccomp filter in bytes: 4,096 instructions of
	// 8 bytes (BPF_MAXINSNS).
	MaxFilter = 4096 * 8

	// MaxGroups is how many supplementary groups a process may have
	// (NGROUPS_MAX is 65,536; MaxElements is the tighter bound).
	MaxGroups = 2048
)

// MaxAllocation is the most memory in bytes that decoding one frame may allocate,
// garbage included, whoever wrote the frame. It follows from MaxFrame and
// MaxElements, and leaves room for languages whose values are larger: Decode takes
// 460 KiB for the best that a peer can do within both limits, with the hooks that take
// the fewest bytes of a frame. What is refused takes nothing but the error.
const MaxAllocation = 4 << 20
