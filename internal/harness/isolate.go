package harness

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/privatecgroup2"
)

// CgroupMount is where the tests' cgroup v2 tree is mounted.
const CgroupMount = privatecgroup2.Mount

// isolatedVariable marks the process that is in a mount namespace of its own.
const isolatedVariable = "FSRUN_TEST_ISOLATED"

// Isolate prepares this process for a package's tests. For root it executes the program
// again in a mount namespace of its own, with a pure cgroup v2 tree at [CgroupMount]. It
// also makes the process the subreaper of what a killed runtime leaves behind.
func Isolate() error {
	if os.Geteuid() == 0 && os.Getenv(isolatedVariable) == "" {
		if err := isolate(); err != nil {
			return fmt.Errorf("tests with containers cannot be isolated: %w", err)
		}
	}
	return os.NewSyscallError("prctl PR_SET_CHILD_SUBREAPER", unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
}

// isolate executes this program again in a mount namespace, which belongs to the thread
// until execve makes it the process's. The mounts are shared among themselves, as service
// managers make them, to see how a container's mounts affect them.
func isolate() error {
	if err := privatecgroup2.Enter(); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("make all mounts shared: %w", err)
	}
	return os.NewSyscallError("execve", unix.Exec("/proc/self/exe", os.Args, append(os.Environ(), isolatedVariable+"=1")))
}
