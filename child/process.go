package child

import (
	"errors"
	"fmt"
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
	// In a user namespace, nobody owns the files of a process that is not dumpable. In a
	// new one, no program is there yet to look into this process; in one that others are
	// already in, a parent that is root has set the score.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl PR_SET_DUMPABLE", err)
	}
	return errors.Join(write(), hide())
}

// joinKeyring replaces the caller's session keyring with a new one, so that the container
// cannot read the caller's keys. If a keyring of that name already exists and its owner
// lets it be found, the kernel joins it instead. So the name includes something that nobody
// can guess: otherwise another container could have made the keyring, and would share it.
func joinKeyring(name string) error {
	var unguessed [8]byte
	if _, err := unix.Getrandom(unguessed[:], 0); err != nil {
		return named("getrandom", "the name of the session keyring", err)
	}
	_, err := unix.KeyctlJoinSessionKeyring(fmt.Sprintf("%s.%x", name, unguessed))
	return named("keyctl KEYCTL_JOIN_SESSION_KEYRING", name, err)
}
