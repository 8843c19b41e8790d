package sys

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Two clocks on a machine tell the same time, the kernel's.
func TestClock(t *testing.T) {
	kernel := func() uint64 {
		var now unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
			t.Fatal(err)
		}
		return uint64(now.Nano())
	}
	// A clock's error is the time between the two readings that make it, which may be
	// interrupted.
	timed := func() (Clock, uint64) {
		before := kernel()
		made := NewClock()
		return made, kernel() - before
	}
	one, slackOfOne := timed()
	time.Sleep(2 * time.Millisecond)
	other, slackOfOther := timed()
	slack := max(slackOfOne, slackOfOther)
	for range 3 {
		before, first, second, after := kernel(), one.Now(), other.Now(), kernel()
		if first+slack < before || second+slack < before || first > after+slack || second > after+slack {
			t.Errorf("the kernel says %d..%d, the clocks %d and %d, made within %d", before, after, first, second, slack)
		}
	}
	if since := time.Since(one.Began()); since < 2*time.Millisecond || since > time.Minute {
		t.Errorf("the clock began %s ago", since)
	}
}
