package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/fsrun/fsrun/internal/vm/wire"
)

// receiver receives what the guest reports. Units come one after another.
type receiver interface {
	ready(release string)
	start(unit int) error
	output(data []byte) error
	exit(status int) error
}

// readReport passes the guest's events on and checks their order. It returns nil only for a
// complete report of the given number of units.
func readReport(stream io.Reader, units int, to receiver) error {
	lines := bufio.NewScanner(stream)
	lines.Buffer(make([]byte, 0, 16<<10), wire.MaxEventBytes)
	state := reportState{units: units, to: to}
	for lines.Scan() {
		var event wire.Event
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			return fmt.Errorf("the guest's report is broken: %q: %w", lines.Text(), err)
		}
		if err := state.take(event); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("the guest's report is broken: %w", err)
	}
	if !state.done {
		return errors.New("the guest ended without a complete report")
	}
	return nil
}

type reportState struct {
	units   int
	to      receiver
	isReady bool
	running bool
	next    int // the next unit to start
	done    bool
}

func (s *reportState) take(event wire.Event) error {
	legal := map[wire.Kind]bool{
		wire.Ready:  !s.isReady,
		wire.Start:  s.isReady && !s.running && event.Unit == s.next && s.next < s.units,
		wire.Output: s.running && event.Unit == s.next,
		wire.Exit:   s.running && event.Unit == s.next,
		wire.Done:   s.isReady && !s.running && s.next == s.units,
		wire.Fail:   true,
	}
	if !legal[event.Kind] || s.done {
		return fmt.Errorf("the guest's report is broken: %s of unit %d is out of order", event.Kind, event.Unit)
	}
	switch event.Kind {
	case wire.Ready:
		s.isReady = true
		s.to.ready(event.Text)
	case wire.Start:
		s.running = true
		return s.to.start(event.Unit)
	case wire.Output:
		return s.to.output(event.Data)
	case wire.Exit:
		s.running = false
		s.next++
		return s.to.exit(event.Status)
	case wire.Done:
		s.done = true
	case wire.Fail:
		return fmt.Errorf("the guest failed: %s", event.Text)
	}
	return nil
}
