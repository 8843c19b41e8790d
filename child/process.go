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

// named gives a bare error number its call and object.
func named(call, object string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: call, Path: object, Err: err}
}

const oomScoreFile = "/proc/self/oom_score_adj"

// setOOMScore writes oom_score_adj, unless it is the value already: to lower it
// takes CAP_SYS_RESOURCE, to leave it does not.
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
	// In a user namespace the file of a process that hides itself belongs to
	// nobody. In a new one no program is there yet to look; where others are, a parent
	// that is root has set it.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl PR_SET_DUMPABLE", err)
	}
	return errors.Join(write(), hide())
}

// joinKeyring leaves the caller's session keyring for a new one, so that the
// container cannot read the caller's keys. The kernel joins one that is there already
// by that name, if its owner lets it be found: so what nobody can guess is made part of
// the name, or another container would have made it, and would share it.
func joinKeyring(name string) error {
	var unguessed [8]byte
	if _, err := unix.Getrandom(unguessed[:], 0); err != nil {
		return named("getrandom", "the name of the session keyring", err)
	}
	_, err := unix.KeyctlJoinSessionKeyring(fmt.Sprintf("%s.%x", name, unguessed))
	return named("keyctl KEYCTL_JOIN_SESSION_KEYRING", name, err)
}
