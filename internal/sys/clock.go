package sys

import (
	"time"

	"golang.org/x/sys/unix"
)

// Clock tells the monotonic clock (CLOCK_MONOTONIC), which all processes of a
// machine share but those in another time namespace. It asks the kernel once and
// goes on by the runtime's clock, which needs no system call.
type Clock struct {
	began time.Time
	then  uint64
}

// NewClock returns a clock.
func NewClock() Clock {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) // cannot fail: the clock is there, and so is the place
	return Clock{began: time.Now(), then: uint64(now.Nano())}
}

// Began is the wall clock's time when the clock was made.
func (c *Clock) Began() time.Time { return c.began }

// Now is the time in nanoseconds since an instant that the kernel chose.
func (c *Clock) Now() uint64 { return c.then + uint64(time.Since(c.began)) }
