package cgroupv2

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Where distributions mount cgroup2: on its own, or beside cgroup v1.
const (
	unifiedMount = "/sys/fs/cgroup"
	hybridMount  = "/sys/fs/cgroup/unified"
)

// ErrNotMounted is wrapped by the error of [Find] on a host without a cgroup2 mount.
var ErrNotMounted = errors.New("no cgroup2 file system is mounted")

// Tree is a cgroup2 mount, held open. It is safe for concurrent use.
type Tree struct {
	root dir
	// group is the cgroup at the root of the mount, in the notation of /proc/self/cgroup:
	// "/" unless only a part of the tree is mounted.
	group string
}

// Find opens the cgroup2 tree. At the usual place that takes three system calls; elsewhere,
// and inside a cgroup namespace, it has to read mountinfo, which is long on a busy host.
func Find() (*Tree, error) {
	if t, ok := findUsual(); ok {
		return t, nil
	}
	mounts, err := cgroupMounts()
	if err != nil {
		return nil, err
	}
	var failures []error
	for _, m := range preferred(mounts) {
		root, err := openMount(m.point)
		if err == nil {
			return &Tree{root: root, group: m.root}, nil
		}
		failures = append(failures, err)
	}
	return nil, fmt.Errorf("%w; mount it (mount -t cgroup2 none %s) or boot with systemd.unified_cgroup_hierarchy=1%s",
		ErrNotMounted, hybridMount, causes(failures))
}

func causes(failures []error) string {
	if len(failures) == 0 {
		return ""
	}
	return ": " + errors.Join(failures...).Error()
}

// findUsual opens /sys/fs/cgroup if that is certainly the whole tree: the file system is
// cgroup2, its root directory is the first inode of the hierarchy, and this process is not
// in a cgroup namespace of its own.
func findUsual() (*Tree, bool) {
	const (
		firstInode    = 1                     // of every kernfs, Linux fs/kernfs/mount.c
		initNamespace = "cgroup:[4026531835]" // PROC_CGROUP_INIT_INO, Linux proc_ns.h
	)
	if namespace, err := os.Readlink("/proc/self/ns/cgroup"); err != nil || namespace != initNamespace {
		return nil, false
	}
	root, err := openMount(unifiedMount)
	if err != nil {
		return nil, false
	}
	var stat unix.Stat_t
	if err := unix.Fstat(root.fd, &stat); err != nil || stat.Ino != firstInode {
		root.close()
		return nil, false
	}
	return &Tree{root: root, group: "/"}, true
}

// preferred sorts the cgroup2 mounts: the well-known places first, the others in their
// order. A container's own mount may be visible on the host, so a mount of the whole tree
// comes before one of a part.
func preferred(mounts []mount) []mount {
	ranks := [...]func(mount) bool{
		func(m mount) bool { return m.root == "/" && m.point == unifiedMount },
		func(m mount) bool { return m.root == "/" && m.point == hybridMount },
		func(m mount) bool { return m.root == "/" && m.point != unifiedMount && m.point != hybridMount },
		func(m mount) bool { return m.root != "/" },
	}
	var ordered []mount
	for _, belongs := range ranks {
		for _, m := range mounts {
			if m.kind == "cgroup2" && belongs(m) {
				ordered = append(ordered, m)
			}
		}
	}
	return ordered
}

// openMount opens a mount point and makes sure that it shows cgroup2: another mount may
// cover the one listed in mountinfo.
func openMount(point string) (dir, error) {
	fd, err := retry(func() (int, error) {
		return unix.Open(point, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return dir{}, &os.PathError{Op: "open", Path: point, Err: err}
	}
	var stat unix.Statfs_t
	if err := unix.Fstatfs(fd, &stat); err != nil {
		unix.Close(fd)
		return dir{}, &os.PathError{Op: "statfs", Path: point, Err: err}
	}
	if stat.Type != unix.CGROUP2_SUPER_MAGIC {
		unix.Close(fd)
		return dir{}, fmt.Errorf("%s is not cgroup2 (file system type %#x)", point, stat.Type)
	}
	return dir{fd: fd, path: point}, nil
}

// Close closes the tree's descriptor. Groups opened from it can still do what needs only
// their own directory; Delete and Commit need the tree. Closing twice is no error.
func (t *Tree) Close() { t.root.release() }

// Mount returns where the tree is mounted.
func (t *Tree) Mount() string { return t.root.path }

// Own returns the path of this process's group beneath this tree. "/" is the tree's root,
// which cannot be opened as a group.
func (t *Tree) Own() (string, error) { return t.at("/proc/self/cgroup") }

// Of returns the path of a process's group beneath this tree.
func (t *Tree) Of(pid int) (string, error) { return t.at("/proc/" + strconv.Itoa(pid) + "/cgroup") }

func (t *Tree) at(file string) (string, error) {
	content, err := readHost(file)
	if err != nil {
		return "", err
	}
	path, err := parseOwn(content)
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	return t.Beneath(path)
}

// parseOwn parses the cgroup2 line of /proc/PID/cgroup, "0::PATH" (cgroups(7)).
func parseOwn(content string) (string, error) {
	for line := range strings.Lines(content) {
		if path, found := strings.CutPrefix(line, "0::"); found {
			path = strings.TrimSuffix(path, "\n")
			if gone, deleted := strings.CutSuffix(path, " (deleted)"); deleted {
				return "", fmt.Errorf("the process's cgroup %s is deleted", gone)
			}
			return path, nil
		}
	}
	return "", errors.New("it has no cgroup2 line (0::PATH)")
}

// Beneath converts a path as in /proc and systemd, from the root of the hierarchy, to one
// from the root of the mount.
func (t *Tree) Beneath(path string) (string, error) {
	if t.group == "/" {
		return path, nil
	}
	rest, found := strings.CutPrefix(path, t.group)
	switch {
	case !found || (rest != "" && rest[0] != '/'):
		return "", fmt.Errorf("the cgroup %s is not beneath %s, the part of the tree that is mounted at %s",
			path, t.group, t.root.path)
	case rest == "":
		return "/", nil
	}
	return rest, nil
}

// walk opens the directory of a group, given its components.
func (t *Tree) walk(names []string) (dir, error) {
	at := t.root
	for i, name := range names {
		next, err := at.child(name)
		if i > 0 {
			at.close()
		}
		if err != nil {
			return dir{}, err
		}
		at = next
	}
	return at, nil
}
