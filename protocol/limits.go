package protocol

// Version is the protocol version that this package speaks (SPEC.md, Version).
const Version = 1

// The limits of SPEC.md, "Limits". A decoder enforces each before it allocates, an encoder
// before it sends.
const (
	// MaxFrame is the largest frame in bytes. It is below the kernel's default socket
	// buffer (net.core.wmem_default, 208 KiB), so that a frame always fits into one
	// message, and above the longest string that execve accepts (MAX_ARG_STRLEN, 128 KiB).
	MaxFrame = 192 << 10

	// MaxDepth is how deeply arrays and maps may nest: the frame, its fields, the
	// operations, one operation, its fields, a list in one of them, a pair in that list.
	MaxDepth = 7

	// MaxElements is how many list elements one frame may hold, counted over all its lists.
	// Together with MaxFrame it bounds what decoding a frame can allocate.
	MaxElements = 4096

	// MaxDescriptors is how many descriptors one frame may carry; the kernel's
	// own limit is 253 (SCM_MAX_FD).
	MaxDescriptors = 64

	// MaxPlan is the largest plan in encoded bytes, counted over all its frames.
	MaxPlan = 16 << 20

	// MaxOps is how many operations a plan may hold.
	MaxOps = 32768

	// MaxArgument is the longest argument or environment string in bytes: what execve
	// accepts (MAX_ARG_STRLEN), without the terminating NUL.
	MaxArgument = 128<<10 - 1

	// MaxPath is the longest path in bytes: PATH_MAX without the terminating NUL.
	MaxPath = 4095

	// MaxName bounds names: those of file systems, sysctls, states and system calls.
	MaxName = 255

	// MaxText bounds text written for people.
	MaxText = 8 << 10

	// MaxFilter is the largest seccomp filter in bytes: 4,096 instructions of
	// 8 bytes (BPF_MAXINSNS).
	MaxFilter = 4096 * 8

	// MaxGroups is how many supplementary groups a process may have. The kernel's
	// NGROUPS_MAX is 65,536; MaxElements is tighter.
	MaxGroups = 2048
)

// MaxAllocation is the most memory in bytes that decoding one frame may allocate, garbage
// included, whoever wrote the frame. It follows from MaxFrame and MaxElements and leaves
// room for languages with larger values: for the worst frame that fits both limits, made of
// the hooks with the shortest encoding, this Decode allocates 460 KiB. Refusing a frame
// allocates nothing but the error.
const MaxAllocation = 4 << 20
