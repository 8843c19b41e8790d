package cgroupv2

import (
	"context"
	"time"
)

// Within is a context that ends after a time, for those who ask it whether it has
// ended, as all here do. It sets no timer, which would wake a thread to wait for
// what hardly ever comes: most waits are over before they have begun.
func Within(limit time.Duration) context.Context { return shorten(context.Background(), limit) }

// shorten is a context that ends after a time, or earlier with another.
func shorten(other context.Context, limit time.Duration) context.Context {
	return until{other, time.Now().Add(limit)}
}

type until struct {
	context.Context
	end time.Time
}

func (u until) Deadline() (time.Time, bool) {
	if end, has := u.Context.Deadline(); has && end.Before(u.end) {
		return end, true
	}
	return u.end, true
}

func (u until) Err() error {
	if err := u.Context.Err(); err != nil || time.Now().Before(u.end) {
		return err
	}
	return context.DeadlineExceeded
}
