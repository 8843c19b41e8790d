package parent

import (
	"encoding/json"
	"fmt"
	"os"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/state"
)

// hookState returns a container's state in the format of runtime.md, "State".
func hookState(container *state.Container, status state.Status) ([]byte, error) {
	return json.Marshal(ociState(container, status))
}

func ociState(container *state.Container, status state.Status) specs.State {
	return specs.State{
		Version: container.OCIVersion, ID: container.ID, Status: status, Pid: container.Init.PID,
		Bundle: container.Bundle, Annotations: container.Annotations,
	}
}

func effectiveUser() uint32 { return uint32(os.Geteuid()) }

func bundleFlag(kind specs.LinuxNamespaceType) uint64 {
	namespace, _ := bundle.LookupNamespace(kind)
	return namespace.CloneFlag
}

// namespacePaths returns the files of a process's namespaces, by their type in config.json.
func namespacePaths(pid int) map[string]string {
	paths := map[string]string{}
	for _, namespace := range bundle.Namespaces {
		paths[string(namespace.Type)] = fmt.Sprintf("/proc/%d/ns/%s", pid, namespace.File)
	}
	return paths
}
