package main

import (
	"context"
	"os"
	"time"

	"github.com/fsrun/fsrun/internal/recording"
	"github.com/fsrun/fsrun/parent"
)

// watching is the state of a watch.
type watching struct {
	options *options
	to      *collector
	service string
	// sent holds the handshakes that the collector has already received, of containers that
	// still exist.
	sent map[handshake]bool
}

// handshake identifies a handshake.
type handshake struct {
	container, verb string
	began           time.Time
}

// watch polls the containers until it is interrupted. What a collector does not accept is
// sent again at the next poll. A container that is deleted between two polls is missed.
func watch(ctx context.Context, o *options, to *collector) error {
	w := &watching{options: o, to: to, service: serviceOf(os.Getenv), sent: map[handshake]bool{}}
	tick := time.NewTicker(o.interval)
	defer tick.Stop()
	for {
		if err := w.look(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (w *watching) look(ctx context.Context) error {
	containers, problems, err := parent.List(w.options.root)
	if err != nil {
		return err
	}
	for _, problem := range problems {
		complain(problem)
	}
	still := map[handshake]bool{}
	for i := range containers {
		found, err := parent.Recordings(w.options.root, containers[i].ID)
		if err != nil || len(found) == 0 {
			continue // deleted in the meantime, or still being created
		}
		w.sendNew(ctx, found, still)
	}
	w.sent = still
	return nil
}

// sendNew sends the recordings of a container that the collector does not have yet.
func (w *watching) sendNew(ctx context.Context, found []*recording.Recording, still map[handshake]bool) {
	var fresh []*recording.Recording
	for _, r := range found {
		if !w.sent[identify(r)] {
			fresh = append(fresh, r)
		}
	}
	if len(fresh) > 0 {
		// Send all of them: the first determines their trace, and they keep their IDs.
		if err := w.to.send(ctx, requestOf(w.service, found)); err != nil {
			if ctx.Err() == nil {
				complain(err)
			}
			return
		}
	}
	for _, r := range found {
		still[identify(r)] = true
	}
}

func identify(r *recording.Recording) handshake { return handshake{r.Container, r.Verb, r.Began} }
