package cgroupv2

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestWithin(t *testing.T) {
	long := Within(time.Hour)
	if end, has := long.Deadline(); long.Err() != nil || !has || time.Until(end) < time.Minute {
		t.Errorf("an hour: it ends at %v, %v, with %v", end, has, long.Err())
	}
	over := Within(0)
	if err := over.Err(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no time: got %v, want %v", err, context.DeadlineExceeded)
	}
	ended, end := context.WithCancel(context.Background())
	end()
	if err := shorten(ended, time.Hour).Err(); !errors.Is(err, context.Canceled) {
		t.Errorf("an hour of what has ended: got %v, want %v", err, context.Canceled)
	}
	if end, _ := shorten(over, time.Hour).Deadline(); time.Until(end) > time.Minute {
		t.Errorf("an hour of what has ended ends in %v", time.Until(end))
	}
}
