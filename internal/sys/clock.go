package sys

import (
	"time"

	"golang.org/x/sys/unix"
)

// Clock tells the time of the monotonic clock (CLOCK_MONOTONIC), which all processes on a
// machine share, except those in another time namespace. It asks the kernel once and then
// uses the runtime's clock, which needs no system call.
type Clock struct {
	began time.Time
	then  uint64
}

// NewClock returns a clock.
func NewClock() Clock {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) // cannot fail: both the clock and the address are valid
	return Clock{began: time.Now(), then: uint64(now.Nano())}
}

// Began is the wall-clock time when the Clock was made.
func (c *Clock) Began() time.Time { return c.began }

// Now returns the time in nanoseconds since an instant chosen by the kernel.
func (c *Clock) Now() uint64 { return c.then + uint64(time.Since(c.began)) }
