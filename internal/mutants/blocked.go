package main

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness/supervise"
)

// blockArgument makes this program run a command without openat2(2) and fchmodat2(2), as
// under an old seccomp profile or on an old kernel.
const blockArgument = "-without-openat2"

// blockVariable tells tests about that, so that they expect other calls.
const blockVariable = "FSRUN_TEST_WITHOUT_OPENAT2"

// runWithoutOpenat2 executes the command. It returns only on failure.
func runWithoutOpenat2(command []string) error {
	runtime.LockOSThread() // the filter belongs to the thread; after exec, there is no other
	filter := supervise.Answering(unix.SECCOMP_RET_ERRNO|uint32(unix.ENOSYS), unix.SYS_OPENAT2, unix.SYS_FCHMODAT2)
	if _, err := supervise.Install(filter, 0); err != nil {
		return fmt.Errorf("block openat2: %w", err)
	}
	if err := os.Setenv(blockVariable, "1"); err != nil {
		return err
	}
	return fmt.Errorf("%s: %w", command[0], unix.Exec(command[0], command, os.Environ()))
}
