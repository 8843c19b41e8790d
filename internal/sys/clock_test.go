package sys

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Two clocks of one machine tell the same time, which is the kernel's.
func TestClock(t *testing.T) {
	kernel := func() uint64 {
		var now unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
			t.Fatal(err)
		}
		return uint64(now.Nano())
	}
	// A clock is wrong by what passes between the two questions that make it: it may be
	// interrupted there.
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
