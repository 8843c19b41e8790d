package plan

import (
	"fmt"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/protocol"
)

// chunked splits strings into operations that each fit into a frame.
func chunked(place string, values []string, add func([]string)) error {
	const most = protocol.MaxFrame / 2 // the longest string alone fits as well: it gets a frame of its own
	start, size := 0, 0
	for i, value := range values {
		if len(value) > protocol.MaxArgument {
			return &bundle.Error{Path: index(place, i), Found: fmt.Sprintf("%d bytes", len(value)),
				Allowed: fmt.Sprintf("at most %d bytes, which is what execve(2) takes", protocol.MaxArgument)}
		}
		if i > start && (size+len(value) > most || i-start >= protocol.MaxElements/4) {
			add(values[start:i])
			start, size = i, 0
		}
		size += len(value) + 5 // the longest length prefix
	}
	if start < len(values) {
		add(values[start:])
	}
	return nil
}

// How many bytes the kernel accepts for arguments and environment together: a quarter of
// the stack limit, but no less than leastRoom and no more than mostRoom (execve(2), "Limits
// on size of arguments and environment").
const (
	leastRoom = 128 << 10
	mostRoom  = 6 << 20
	pointer   = 8 // to every string
)

// room returns how many bytes execve(2) accepts with a stack limit.
func room(stack uint64) uint64 { return min(max(stack/4, leastRoom), mostRoom) }

// checkRoom refuses more arguments and environment than execve(2) accepts, which otherwise
// would fail only when the container has been made. Stack is the caller's limit, which
// process.rlimits may change. What is added later, such as a script's interpreter, is left
// for the kernel to check.
func checkRoom(process *specs.Process, stack uint64) error {
	for _, limit := range process.Rlimits {
		if number, _ := bundle.Rlimit(limit.Type); number == unix.RLIMIT_STACK {
			stack = limit.Soft
		}
	}
	size := uint64(len(process.Args[0]) + 1) // the path that is executed counts once more
	for _, values := range [][]string{process.Args, process.Env} {
		for _, value := range values {
			size += uint64(len(value) + 1 + pointer)
		}
	}
	if size <= room(stack) {
		return nil
	}
	allowed := fmt.Sprintf("at most %d, which is what execve(2) takes", room(stack))
	if room(stack) < mostRoom {
		allowed += fmt.Sprintf(" with a stack limit of %d; with an RLIMIT_STACK of %d in process.rlimits it takes %d", stack, 4*mostRoom, mostRoom)
	}
	return &bundle.Error{Path: "process.env", Found: fmt.Sprintf("%d bytes of environment and arguments", size), Allowed: allowed}
}
