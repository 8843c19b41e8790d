package mountfd

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// Owners holds the ID mappings of the sources that need one.
type Owners = map[*protocol.Bind]*bundle.OwnerMapping

// Answer opens a descriptor for each operation that request names, in order; the caller
// owns them. It opens either all of them or none. The request fails if an index is not that
// of an operation in the plan, occurs twice, or is that of an operation that [Open]
// refuses. Sources in owners are ID-mapped. The error is a [*protocol.Fault] that names the
// operation.
func Answer(request *protocol.OpenRequest, plan []protocol.Op, owners Owners, process Process) ([]int, error) {
	if len(request.Ops) > protocol.MaxDescriptors {
		return nil, refuse("%d operations in one request: allowed are %d", len(request.Ops), protocol.MaxDescriptors)
	}
	for i, index := range request.Ops {
		if uint64(index) >= uint64(len(plan)) {
			return nil, refuse("operation %d was asked for: the plan has %d", index, len(plan))
		}
		if slices.Contains(request.Ops[:i], index) {
			return nil, refuse("operation %d was asked for twice", index)
		}
	}
	opened := make([]int, 0, len(request.Ops))
	for _, index := range request.Ops {
		fd, err := openMapped(plan[index], owners, process)
		if err != nil {
			for _, fd := range opened {
				unix.Close(fd)
			}
			return nil, locate(err, plan[index], int(index))
		}
		opened = append(opened, fd)
	}
	return opened, nil
}

// openMapped calls [Open] and then applies the ID mapping.
func openMapped(op protocol.Op, owners Owners, process Process) (int, error) {
	fd, err := Open(op, process)
	bind, is := op.(*protocol.Bind)
	if err != nil || !is || owners[bind] == nil {
		return fd, err
	}
	if err := mapOwners(fd, bind.Source, owners[bind]); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// Open opens what op needs, close-on-exec; the caller owns it.
//
// For a [*protocol.Bind] with ByParent it is a detached copy of the mount at the source
// (open_tree(2)), including those below if the bind is recursive. Setting its attributes is
// up to the child, and mounts on it appear nowhere else. For a [*protocol.Enter] it is the
// mount namespace of process, which no other operation uses. Any other operation is
// refused. The error is a [*protocol.Fault].
func Open(op protocol.Op, process Process) (int, error) {
	switch op := op.(type) {
	case *protocol.Bind:
		if op.ByParent {
			return openSource(op)
		}
	case *protocol.Enter:
		return process.mountNamespace()
	}
	return -1, refuse("the parent opens nothing for %s", named(op))
}

// named describes the operation for people.
func named(op protocol.Op) string {
	if op == nil {
		return "no operation"
	}
	if object := op.Object(); object != "" {
		return op.Kind().String() + " " + object
	}
	return op.Kind().String()
}

// hints explains errors of open_tree(2) for a bind's source.
var hints = map[syscall.Errno]string{
	unix.ENOENT: "the source of a bind mount must exist in the runtime namespace",
	unix.EINVAL: "the source lies on a mount that may not be bound: unbindable, or of another mount namespace",
	unix.EPERM:  "needs CAP_SYS_ADMIN in the user namespace that owns the mount namespace",
}

func openSource(bind *protocol.Bind) (int, error) {
	if !filepath.IsAbs(bind.Source) {
		return -1, refuse("the source %q of a bind mount is not absolute", bind.Source)
	}
	flags := uint(unix.OPEN_TREE_CLONE | unix.OPEN_TREE_CLOEXEC)
	if bind.Recursive {
		flags |= unix.AT_RECURSIVE
	}
	for {
		fd, err := unix.OpenTree(unix.AT_FDCWD, bind.Source, flags)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return -1, failure("open_tree", bind.Source, err)
		}
		return fd, receiveOnly(fd, bind.Source)
	}
}

// receiveOnly stops a copy from propagating to the mounts that it was copied from: what the
// container mounts on it must not appear on the host. The kernel does that itself for
// mounts that are copied along with a new namespace (mount_namespaces(7)), but these are
// copied later.
func receiveOnly(tree int, source string) error {
	err := unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &unix.MountAttr{Propagation: unix.MS_SLAVE})
	if err == nil {
		return nil
	}
	unix.Close(tree)
	return failure("mount_setattr", source, err)
}

func refuse(format string, arguments ...any) error {
	return &protocol.Fault{Code: protocol.CodeOpen, Detail: fmt.Sprintf(format, arguments...)}
}

func failure(call, object string, err error) error {
	return hinted(call, object, err, hints)
}

func hinted(call, object string, err error, hints map[syscall.Errno]string) error {
	fault := &protocol.Fault{Code: protocol.CodeOpen, Call: call, Object: object}
	if errors.As(err, &fault.Errno) {
		fault.Hint = hints[fault.Errno]
	} else {
		fault.Detail = err.Error()
	}
	return fault
}

func locate(err error, op protocol.Op, index int) error {
	var fault *protocol.Fault
	if errors.As(err, &fault) && op != nil {
		fault.Op = protocol.Describe(op, index)
		fault.Path = op.From()
	}
	return err
}
