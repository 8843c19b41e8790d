package preflight

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
)

// defaultPath is the child's search path if there is no PATH (SPEC.md, "What the operations
// mean").
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// program looks for the program in the root file system as it is now. A mount may provide
// or cover it, so if one might, a program that is not found is Unknown.
func program(rootfs string, spec *specs.Spec) Check {
	const from = "process.args[0]"
	name := spec.Process.Args[0]
	root, err := unix.Open(rootfs, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return Check{Name: "program", Object: name, From: from, Result: Unknown, Found: "the root file system cannot be opened"}
	}
	defer unix.Close(root)
	var last, forbidden error
	for _, candidate := range candidates(name, spec.Process) {
		last = executable(root, candidate)
		if last == nil {
			check := Check{Name: "program", Object: name, From: from, Result: Holds}
			if candidate != name {
				check.Found = candidate
			}
			return check
		}
		if mount := beneathMount(candidate, spec.Mounts); mount != "" && errors.Is(last, unix.ENOENT) {
			return Check{Name: "program", Object: name, From: from, Result: Unknown, Found: "it may be in the mount on " + mount}
		}
		if errors.Is(last, unix.EACCES) {
			forbidden = last
		}
	}
	if !strings.Contains(name, "/") {
		last = forbidden
		if last == nil {
			last = fmt.Errorf("executable file not found in $PATH, %s", searchPath(spec.Process.Env))
		}
	}
	return judge("program", name, from, last).remedy("name a program of the root file system %s that can be executed", rootfs)
}

// candidates returns the paths at which the child will look for a program.
func candidates(name string, process *specs.Process) []string {
	if strings.Contains(name, "/") {
		return []string{path.Join("/", absolute(name, process.Cwd))}
	}
	var all []string
	for _, directory := range strings.Split(searchPath(bundle.Environment(process)), ":") {
		all = append(all, path.Join("/", absolute(directory, process.Cwd), name))
	}
	return all
}

func absolute(name, directory string) string {
	if path.IsAbs(name) {
		return name
	}
	return path.Join(directory, name)
}

func searchPath(environment []string) string {
	for _, entry := range environment {
		if value, is := strings.CutPrefix(entry, "PATH="); is {
			return value
		}
	}
	return defaultPath
}

// executable says why a path beneath the root cannot be executed. It returns nil if it can,
// judging only by its mode.
func executable(root int, name string) error {
	file, err := openInRoot(root, strings.TrimPrefix(name, "/"))
	if err != nil {
		return &os.PathError{Op: "openat2", Path: name, Err: err}
	}
	defer unix.Close(file)
	var stat unix.Stat_t
	if err := unix.Fstat(file, &stat); err != nil {
		return &os.PathError{Op: "fstat", Path: name, Err: err}
	}
	switch {
	case stat.Mode&unix.S_IFMT == unix.S_IFDIR:
		return fmt.Errorf("%s: %w", name, unix.EISDIR)
	case stat.Mode&unix.S_IFMT != unix.S_IFREG || stat.Mode&0o111 == 0:
		return fmt.Errorf("%s: %w (mode %04o)", name, unix.EACCES, stat.Mode&0o7777)
	}
	return nil
}

// attempts is how often to look up a path. The kernel gives up on ".." if anything on the
// machine is renamed in the meantime (openat2(2), EAGAIN).
const attempts = 64

func openInRoot(root int, name string) (file int, err error) {
	for range attempts {
		file, err = unix.Openat2(root, name, &unix.OpenHow{
			Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
		})
		if err != unix.EAGAIN && err != unix.EINTR { //nolint:errorlint // bare errno
			break
		}
	}
	return file, err
}

// beneathMount returns the destination of a mount above a path, "" if there is none.
func beneathMount(name string, mounts []specs.Mount) string {
	for _, mount := range mounts {
		destination := path.Clean(mount.Destination)
		if name == destination || strings.HasPrefix(name, strings.TrimSuffix(destination, "/")+"/") {
			return destination
		}
	}
	return ""
}
