package main

import (
	"errors"
	"testing"
	"time"

	childmachine "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// TestLateStartIsNoSuccess: if a caller takes so long to send Start that the child has
// closed its connection, it gets an error, even though the child is alive.
//
// SPEC: M-EXE-5, M-DET-4
func TestLateStartIsNoSuccess(t *testing.T) {
	marker := t.TempDir()
	c := newContainer(t, harness.Args(markArgs...), mark(marker))
	c.connect()
	c.Deadlines = map[machine.State]time.Duration{childmachine.Attached: 20 * time.Millisecond}
	if _, err := parent.Create(c.Options); err != nil {
		t.Fatal(err)
	}
	late := parent.Handshake{Observe: func(step machine.Step) {
		if step.Row != nil && step.Row.From == parentmachine.Detached { // its Start is sent next
			time.Sleep(time.Second)
		}
	}}
	err := parent.Start(c.StateRoot, c.ID, late)
	var fault *protocol.Fault
	if !errors.As(err, &fault) || fault.Code != protocol.CodeGone {
		t.Errorf("start: %v; want a Fault of code gone", err)
	}
	if marked(marker) {
		t.Error("the program was executed")
	}
}
