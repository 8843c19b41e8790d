package sys

import (
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// MonitorSlack is how much later than it wants to the Go runtime's monitor may
// wake. It would look every 70 µs whether a goroutine waits that could run on
// another thread; ours rarely do, and it costs a twentieth of the processor time
// of a start.
const MonitorSlack = 2 * time.Millisecond

// SlowMonitor has the runtime's monitor wake less often: it is the first thread
// that the runtime makes, and the kernel lists threads in the order of their
// making. To set another thread's slack takes CAP_SYS_NICE; without it the
// monitor stays as it is. It is called before there are goroutines.
func SlowMonitor() {
	if id := firstThread(); id > 0 {
		slack, err := unix.Open("/proc/"+strconv.Itoa(id)+"/timerslack_ns", unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			_, _ = unix.Write(slack, strconv.AppendInt(nil, MonitorSlack.Nanoseconds(), 10))
			unix.Close(slack)
		}
	}
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
