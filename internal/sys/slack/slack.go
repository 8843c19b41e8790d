// Package slack sets by how much timers of threads may be late (prctl(2),
// PR_SET_TIMERSLACK): that of the Go runtime's monitor by more, and that of what this
// process starts as if nothing had been set.
package slack

import (
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Monitor is how much later than it wants to the Go runtime's monitor may
// wake. It would look every 70 µs whether a goroutine waits that could run on
// another thread; ours rarely do, and it costs a tenth of the processor time of a start.
// What a goroutine of ours waits for at all, a hook or a terminal, takes longer.
const Monitor = 10 * time.Millisecond

// SlowMonitor has the runtime's monitor wake less often: it is the first thread
// that the runtime makes, and the kernel lists threads in the order of their
// making. To set another thread's slack takes CAP_SYS_NICE; without it the
// monitor stays as it is. It is called before there are goroutines.
func SlowMonitor() {
	if id := firstThread(); id > 0 {
		slack, err := unix.Open("/proc/"+strconv.Itoa(id)+"/timerslack_ns", unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			_, _ = unix.Write(slack, strconv.AppendInt(nil, Monitor.Nanoseconds(), 10))
			unix.Close(slack)
		}
	}
}

// ordinary is the timer slack that this process was started with, in nanoseconds;
// 0 where it is not known to differ from any thread's.
var ordinary uintptr

// Restore gives the main thread, which calls it, the timer slack back that this process
// was started with. Other threads may have that of the monitor, by which they were made;
// what is started after Give, or by StartProcess, does not inherit it.
func Restore() {
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0)
	slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err == nil {
		ordinary = uintptr(slack)
	}
}

// Give gives the calling thread, which starts a process next, that slack, if Restore has
// been called. The Go runtime does not notice.
func Give() {
	if ordinary != 0 {
		syscall.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_TIMERSLACK, ordinary, 0)
	}
}

// StartProcess is os.StartProcess with the timer slack that this process was started
// with.
func StartProcess(name string, arguments []string, attributes *os.ProcAttr) (*os.Process, error) {
	runtime.LockOSThread() // between the slack and the process that inherits it
	defer runtime.UnlockOSThread()
	Give()
	return os.StartProcess(name, arguments, attributes)
}

// firstThread is the id of this process's first thread beside the main one, 0 if
// it cannot be told.
func firstThread() int {
	threads, err := unix.Open("/proc/self/task", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(threads)
	entries := make([]byte, 1024)
	size, err := unix.Getdents(threads, entries)
	if err != nil {
		return 0
	}
	_, _, names := unix.ParseDirent(entries[:size], 2, nil)
	if len(names) < 2 {
		return 0
	}
	id, err := strconv.Atoi(names[1])
	if err != nil {
		return 0
	}
	return id
}
