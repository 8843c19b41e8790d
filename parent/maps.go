package parent

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// idMap is one of the two ID mappings of a user namespace.
type idMap struct {
	file, helper, place string
	mappings            []specs.LinuxIDMapping
}

func uidMap(linux *specs.Linux) idMap {
	return idMap{"uid_map", "newuidmap", "linux.uidMappings", linux.UIDMappings}
}

func gidMap(linux *specs.Linux) idMap {
	return idMap{"gid_map", "newgidmap", "linux.gidMappings", linux.GIDMappings}
}

// writeMaps writes the ID mappings of the child's user namespace: directly if our
// privileges suffice, otherwise through newuidmap(1) and newgidmap(1), which allow the
// subordinate IDs that an administrator has granted.
func (h *handshake) writeMaps(machine.Message) (machine.Event, error) {
	for _, ids := range []idMap{gidMap(h.bundle.Spec.Linux), uidMap(h.bundle.Spec.Linux)} {
		if err := h.writeMap(ids); err != nil {
			fault := protocol.Explain(protocol.CodeMaps, err)
			fault.Path = ids.place
			return "", fault
		}
	}
	return machine.Done, nil
}

func (h *handshake) writeMap(ids idMap) error {
	if h.unprivileged && !isOwn(ids) {
		return h.callHelper(ids)
	}
	if h.unprivileged && ids.file == "gid_map" {
		// The kernel's condition for letting an unprivileged user write gid_map
		// (user_namespaces(7)).
		if err := h.writeProc("setgroups", []byte("deny")); err != nil {
			return err
		}
	}
	return h.writeProc(ids.file, bundle.MapLines(ids.mappings))
}

// isOwn reports whether a mapping is the one that everybody may write: a single ID, the
// caller's.
func isOwn(ids idMap) bool {
	own := os.Geteuid()
	if ids.file == "gid_map" {
		own = os.Getegid()
	}
	return len(ids.mappings) == 1 && ids.mappings[0].Size == 1 && int(ids.mappings[0].HostID) == own
}

// writeProc writes in a single call, as the kernel requires for a mapping.
func (h *handshake) writeProc(file string, content []byte) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/%s", h.child.pid, file), content, 0)
}

func (h *handshake) callHelper(ids idMap) error {
	arguments := []string{strconv.Itoa(h.child.pid)}
	for _, mapping := range ids.mappings {
		arguments = append(arguments, fmt.Sprint(mapping.ContainerID), fmt.Sprint(mapping.HostID), fmt.Sprint(mapping.Size))
	}
	output, err := exec.Command(ids.helper, arguments...).CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return &protocol.Fault{Code: protocol.CodeMaps, Detail: ids.helper + " is not installed",
			Hint: "install the package uidmap, and give the user ranges in /etc/subuid and /etc/subgid"}
	}
	if err != nil {
		return &protocol.Fault{Code: protocol.CodeMaps, Detail: fmt.Sprintf("%s: %v: %s", ids.helper, err, strings.TrimSpace(string(output))),
			Hint: "give the user the ranges in /etc/subuid and /etc/subgid"}
	}
	return nil
}

// groupsDenied reports whether setgroups(2) is denied in a process's user namespace
// (user_namespaces(7)).
func groupsDenied(pid int) bool {
	content, err := sys.ReadFile(fmt.Sprintf("/proc/%d/setgroups", pid))
	return err == nil && strings.TrimSpace(string(content)) == "deny"
}
