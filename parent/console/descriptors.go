package console

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// standard is how many descriptors are standard: input, output and error.
const standard = 3

// Descriptors tells what process pid has as its standard input, output and error,
// in this order, as the links of proc_pid_fd(5): "/dev/null", "pipe:[4711]",
// "/dev/pts/0". A closed one is "". The names are a record for people and for
// comparing; the process may change what they stand for at any time.
//
// The error is [unix.ESRCH] where there is no such process, and
// [fs.ErrPermission] where the caller may not look at it.
func Descriptors(pid int) ([]string, error) {
	directory := fmt.Sprintf("/proc/%d/fd", pid)
	names := make([]string, standard)
	for fd := range names {
		name, err := os.Readlink(fmt.Sprintf("%s/%d", directory, fd))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("standard descriptors of process %d: %w", pid, err)
		}
		names[fd] = name
	}
	// A link may be missing for want of the process.
	if _, err := os.Stat(directory); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("standard descriptors of process %d: %w", pid, unix.ESRCH)
	}
	return names, nil
}
