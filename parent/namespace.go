package parent

import (
	"fmt"
	"os"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/plan"
	"github.com/fsrun/fsrun/protocol"
)

// openNamespace opens a namespace to join. If the path leads to anything else, it is
// refused here, where its place in the configuration is known.
func openNamespace(join plan.Namespace) (int, error) {
	descriptor, err := unix.Open(join.Path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		fault := protocol.Explain(protocol.CodeSpawn, &os.PathError{Op: "open", Path: join.Path, Err: err})
		fault.Path = join.At
		return -1, fault
	}
	found, err := unix.IoctlRetInt(descriptor, unix.NS_GET_NSTYPE)
	if err == nil && uint64(found) == join.Type {
		return descriptor, nil
	}
	unix.Close(descriptor)
	is := "no namespace"
	if err == nil {
		is = fmt.Sprintf("of type %q", namespaceType(uint64(found)))
	}
	return -1, &bundle.Error{
		Path: join.At, Found: join.Path + " is " + is, Allowed: fmt.Sprintf("a namespace of type %q", namespaceType(join.Type)),
	}
}

// namespaceType returns the name in config.json for a CLONE_NEW* flag.
func namespaceType(flag uint64) specs.LinuxNamespaceType {
	for _, namespace := range bundle.Namespaces {
		if namespace.CloneFlag == flag {
			return namespace.Type
		}
	}
	return "unknown"
}

// isOwnUser reports whether a file is that of our own user namespace.
func isOwnUser(path string) (bool, error) {
	theirs, err := os.Stat(path)
	if err != nil {
		return false, err
	}
	ours, err := os.Stat("/proc/self/ns/user")
	return err == nil && os.SameFile(theirs, ours), err
}
