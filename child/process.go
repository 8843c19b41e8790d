package child

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// named adds the call and its object to a bare error number.
func named(call, object string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: call, Path: object, Err: err}
}

const oomScoreFile = "/proc/self/oom_score_adj"

// setOOMScore writes oom_score_adj unless it already has that value: lowering it takes
// CAP_SYS_RESOURCE, leaving it alone does not.
func setOOMScore(value int) error {
	now, err := sys.ReadFile(oomScoreFile)
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(now)) == strconv.Itoa(value) {
		return nil
	}
	write := func() error { return os.WriteFile(oomScoreFile, []byte(strconv.Itoa(value)), 0) }
	err = write()
	if !errors.Is(err, unix.EACCES) {
		return err
	}
	// In a user namespace, nobody owns the files of a process that is not dumpable. No
	// program of the container is there yet to look into this one.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl PR_SET_DUMPABLE", err)
	}
	return errors.Join(write(), hide())
}

// joinKeyring replaces the caller's session keyring with a new one, so that the container
// cannot read the caller's keys.
func joinKeyring(name string) error {
	_, err := unix.KeyctlJoinSessionKeyring(name)
	return named("keyctl KEYCTL_JOIN_SESSION_KEYRING", name, err)
}
