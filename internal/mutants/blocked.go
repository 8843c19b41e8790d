package main

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness/supervise"
)

// blockArgument makes this program run a command for which, and for all that it
// starts, openat2(2) is not there, nor fchmodat2(2): as under an old seccomp profile
// on an old kernel.
const blockArgument = "-without-openat2"

// blockVariable tells tests so, which expect other calls then.
const blockVariable = "FSRUN_TEST_WITHOUT_OPENAT2"

// runWithoutOpenat2 becomes the command; it returns only when that fails.
func runWithoutOpenat2(command []string) error {
	runtime.LockOSThread() // the filter is the thread's, which exec makes the only one
	filter := supervise.Answering(unix.SECCOMP_RET_ERRNO|uint32(unix.ENOSYS), unix.SYS_OPENAT2, unix.SYS_FCHMODAT2)
	if _, err := supervise.Install(filter, 0); err != nil {
		return fmt.Errorf("block openat2: %w", err)
	}
	if err := os.Setenv(blockVariable, "1"); err != nil {
		return err
	}
	return fmt.Errorf("%s: %w", command[0], unix.Exec(command[0], command, os.Environ()))
}
