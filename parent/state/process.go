package state

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// Process identifies a process even after its ID is reused.
type Process struct {
	// PID is the ID in the runtime's PID namespace, zero for no process.
	PID int
	// StartTime is when it started, in clock ticks since boot (proc(5)).
	StartTime uint64
}

// ThisProcess identifies the caller.
func ThisProcess() (Process, error) {
	pid := os.Getpid()
	startTime, err := StartTime(pid)
	return Process{PID: pid, StartTime: startTime}, err
}

// Alive reports whether the process exists, is the same one, and has not ended. A process
// that is exiting counts as ended: the init of a PID namespace stays until all others there
// have been reaped, which is up to their parents. A process about which the kernel says
// nothing counts as alive: nothing of it may be removed.
func (p Process) Alive() bool {
	if p.PID <= 0 {
		return false
	}
	found, err := readStat(p.PID)
	if err != nil {
		return !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ESRCH)
	}
	return found.startTime == p.StartTime && !found.ended()
}

// Unreaped returns the wait status of a process that has ended and that nobody has waited
// for. The kernel shows it to those who may trace the process.
func (p Process) Unreaped() (status uint32, is bool) {
	if p.PID <= 0 {
		return 0, false
	}
	found, err := readStat(p.PID)
	return found.exitCode, err == nil && found.startTime == p.StartTime && found.status == 'Z'
}

// Exiting reports whether a process, or its first thread, has begun to exit: no program is
// executed in it any more. It can remain so for as long as others like, as the init of a
// PID namespace does until all others there have been reaped. Exiting returns false if
// there is no such process.
func Exiting(pid int) (bool, error) {
	found, err := readStat(pid)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) {
		return false, nil
	}
	return found.exiting(), err
}

// StartTime returns when a process started, in clock ticks since boot: field 22
// of /proc/PID/stat (proc(5)).
func StartTime(pid int) (uint64, error) {
	found, err := readStat(pid)
	return found.startTime, err
}

// stat holds some of the fields in /proc/PID/stat.
type stat struct {
	status    byte
	flags     uint64
	threads   uint64
	startTime uint64
	exitCode  uint32
}

// exitingFlag is the kernel's PF_EXITING (linux/sched.h), which is set before descriptors
// are closed.
const exitingFlag = 0x4

func (s stat) exiting() bool {
	return s.status == 'X' || s.status == 'Z' || s.flags&exitingFlag != 0
}

// ended judges by the first thread, which may end before the others.
func (s stat) ended() bool { return s.status == 'X' || s.threads <= 1 && s.exiting() }

// The fields of /proc/PID/stat, counted from the one after the command name.
const (
	statState     = 0
	statFlags     = 6
	statThreads   = 17
	statStartTime = 19
	statExitCode  = 49
)

func readStat(pid int) (stat, error) {
	path := "/proc/" + strconv.Itoa(pid) + "/stat"
	content, err := sys.ReadFile(path)
	if err != nil {
		return stat{}, err
	}
	found, err := parseStat(string(content))
	if err != nil {
		return stat{}, fmt.Errorf("%s: %w", path, err)
	}
	return found, nil
}

// parseStat looks for the last parenthesis, because a command name may contain spaces and
// parentheses.
func parseStat(content string) (found stat, err error) {
	fields := strings.Fields(content[strings.LastIndexByte(content, ')')+1:])
	if len(fields) <= statStartTime {
		return stat{}, errors.New("has too few fields")
	}
	found.status = fields[statState][0]
	for _, number := range []struct {
		field int
		into  *uint64
	}{{statFlags, &found.flags}, {statThreads, &found.threads}, {statStartTime, &found.startTime}} {
		if *number.into, err = strconv.ParseUint(fields[number.field], 10, 64); err != nil {
			return stat{}, err
		}
	}
	if len(fields) > statExitCode {
		code, err := strconv.ParseUint(fields[statExitCode], 10, 32)
		if err != nil {
			return stat{}, err
		}
		found.exitCode = uint32(code)
	}
	return found, nil
}
