package harness

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// Tripwire is a device whose driver reveals afterwards that it has been opened: one end of
// a pseudoterminal. The master gets a hang-up when the last process that had it open is
// gone, and nothing as long as nobody has ever opened it.
type Tripwire struct {
	t      testing.TB
	Path   string // of the device node
	master *os.File
}

// NewTripwire makes a device node whose mode lets everybody execute it.
func NewTripwire(t testing.TB) *Tripwire {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	must(t, err)
	t.Cleanup(func() { master.Close() })
	must(t, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	must(t, err)
	path := fmt.Sprintf("/dev/pts/%d", number)
	must(t, os.Chmod(path, 0o777))
	return &Tripwire{t: t, Path: path, master: master}
}

// Tripped reports whether the device has been opened, by anybody who has since closed it.
func (w *Tripwire) Tripped() bool {
	w.t.Helper()
	events := []unix.PollFd{{Fd: int32(w.master.Fd()), Events: unix.POLLIN}}
	_, err := unix.Poll(events, 0)
	must(w.t, err)
	return events[0].Revents&unix.POLLHUP != 0
}
