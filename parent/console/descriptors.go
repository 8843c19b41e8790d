package console

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// standard is how many standard descriptors there are: input, output and error.
const standard = 3

// Descriptors returns what a process has as its standard input, output and error, in this
// order, as the link targets of proc_pid_fd(5): "/dev/null", "pipe:[4711]", "/dev/pts/0". A
// closed descriptor is "". The names are meant for records and comparisons; the process may
// change what they refer to at any time.
//
// The error is [unix.ESRCH] if there is no such process, and [fs.ErrPermission] if the
// caller may not look at it.
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
	// The link may be missing because the process is.
	if _, err := os.Stat(directory); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("standard descriptors of process %d: %w", pid, unix.ESRCH)
	}
	return names, nil
}
