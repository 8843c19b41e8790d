package cgroupv2

import (
	"context"
	"time"
)

// Within returns a context that ends after limit, for code that polls it, as everything in
// this package does. It sets no timer: that would wake a thread to wait for what hardly
// ever happens, since most waits are over before they begin.
func Within(limit time.Duration) context.Context { return shorten(context.Background(), limit) }

// shorten returns a context that ends after limit, or when the other context does.
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
