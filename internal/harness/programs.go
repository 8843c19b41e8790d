package harness

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// maxAttached is more programs than anybody attaches to a cgroup.
const maxAttached = 64

// programs lists the loaded eBPF programs. Only root can see them.
func programs(t testing.TB) []uint32 {
	t.Helper()
	var found []uint32
	for id := uint32(0); ; {
		next, err := sys.BPFNext(id)
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EPERM) {
			return found
		}
		must(t, err)
		found = append(found, next)
		id = next
	}
}

// othersPrograms lists the programs that somebody else on this machine holds: those
// attached to cgroups that do not belong to the tests, and those that other processes have
// descriptors of.
func othersPrograms() []uint32 {
	var found []uint32
	_ = filepath.WalkDir(CgroupMount, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && !isOwnCgroup(name) {
			found = append(found, attached(name)...)
		}
		return nil // cgroups come and go
	})
	ours := []string{fmt.Sprintf("/proc/%d/", os.Getpid())}
	for _, entry := range Descendants(os.Getpid()) {
		pid, _, _ := strings.Cut(entry, " ")
		ours = append(ours, "/proc/"+pid+"/")
	}
	descriptors, _ := filepath.Glob("/proc/[0-9]*/fdinfo/*")
	for _, descriptor := range descriptors {
		isOurs := func(prefix string) bool { return strings.HasPrefix(descriptor, prefix) }
		if !slices.ContainsFunc(ours, isOurs) {
			found = append(found, held(descriptor)...)
		}
	}
	return found
}

// isOwnCgroup reports whether a group may be one of this process's containers.
func isOwnCgroup(name string) bool {
	return Guest() && !UnderSystemd() || strings.Contains(name+"/", fmt.Sprintf("test-%d/", os.Getpid())) ||
		strings.Contains(name, fmt.Sprintf("test-%d-", os.Getpid()))
}

// attached lists the device programs of a cgroup.
func attached(directory string) []uint32 {
	group, err := unix.Open(directory, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(group)
	ids := make([]uint32, maxAttached)
	count, err := sys.BPFQuery(group, unix.BPF_CGROUP_DEVICE, ids)
	if err != nil {
		return nil
	}
	return ids[:count]
}

// held returns the program that a descriptor refers to (proc_pid_fdinfo(5)).
func held(descriptor string) []uint32 {
	content, _ := os.ReadFile(descriptor)
	for line := range strings.Lines(string(content)) {
		var id uint32
		if _, err := fmt.Sscanf(line, "prog_id: %d", &id); err == nil {
			return []uint32{id}
		}
	}
	return nil
}
