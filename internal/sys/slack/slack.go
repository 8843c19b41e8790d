// Package slack sets how late a thread's timers may be (prctl(2), PR_SET_TIMERSLACK). It
// raises the timer slack of the Go runtime's monitor thread, and gives processes that this
// one starts the original value.
package slack

import (
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Monitor is the timer slack of the Go runtime's monitor. It would otherwise wake every 70
// µs to check whether a waiting goroutine could run on another thread. Ours rarely could,
// and the checks take a tenth of the processor time of a start. Whatever a goroutine of
// ours does wait for, a hook or a terminal, takes longer.
const Monitor = 10 * time.Millisecond

// SlowMonitor makes the runtime's monitor wake less often. The monitor is the first thread
// that the runtime creates, and the kernel lists threads in order of creation. Setting
// another thread's slack takes CAP_SYS_NICE; without it nothing changes. It must be called
// before there are goroutines.
func SlowMonitor() {
	if id := firstThread(); id > 0 {
		slack, err := unix.Open("/proc/"+strconv.Itoa(id)+"/timerslack_ns", unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			_, _ = unix.Write(slack, strconv.AppendInt(nil, Monitor.Nanoseconds(), 10))
			unix.Close(slack)
		}
	}
}

// ordinary is the timer slack that this process was started with, in nanoseconds; 0 if no
// thread is known to have a different one.
var ordinary uintptr

// Restore gives the main thread, which must call it, the timer slack that this process was
// started with. Other threads may have that of the monitor, which created them. What is
// started after Give, or by StartProcess, does not inherit it.
func Restore() {
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0)
	slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err == nil {
		ordinary = uintptr(slack)
	}
}

// Give gives the calling thread that slack, if Restore has been called. It is for a thread
// that is about to start a process. The Go runtime does not notice.
func Give() {
	if ordinary != 0 {
		syscall.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_TIMERSLACK, ordinary, 0)
	}
}

// StartProcess is os.StartProcess with the timer slack that this process was started with.
func StartProcess(name string, arguments []string, attributes *os.ProcAttr) (*os.Process, error) {
	runtime.LockOSThread() // from setting the slack until the process inherits it
	defer runtime.UnlockOSThread()
	Give()
	return os.StartProcess(name, arguments, attributes)
}

// firstThread returns the ID of this process's first thread other than the main one, 0 if
// unknown.
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
