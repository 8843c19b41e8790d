package state

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// The fields of a line in /proc/locks (proc_locks(5)) for a lock that is held. In the line
// of a process that waits for one, an arrow precedes the kind.
const (
	lockKind   = 1
	lockPID    = 4
	lockInode  = 5 // MAJOR:MINOR:INODE, the device in hexadecimal
	lockFields = 8
)

// holder names the process that has locked a directory, so that the user can examine it.
// The kernel only names processes that are visible here.
func holder(directory *os.File) string {
	const unknown = "another process"
	var found unix.Stat_t
	if err := unix.Fstat(int(directory.Fd()), &found); err != nil {
		return unknown
	}
	locks, err := sys.ReadFile("/proc/locks")
	if err != nil {
		return unknown
	}
	inode := fmt.Sprintf("%02x:%02x:%d", unix.Major(found.Dev), unix.Minor(found.Dev), found.Ino)
	for line := range strings.Lines(string(locks)) {
		fields := strings.Fields(line)
		if len(fields) == lockFields && fields[lockKind] == "FLOCK" && fields[lockInode] == inode && fields[lockPID] != "0" {
			return "process " + fields[lockPID]
		}
	}
	return unknown
}
