package main

import (
	"fmt"

	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/internal/recording"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/protocol/machine"
)

// handshakeFlags are the flags of every command with a handshake.
type handshakeFlags struct {
	deadlines deadlines
	trace     string
}

func (h *handshakeFlags) register(flags *pflag.FlagSet) {
	h.deadlines.register(flags)
	flags.StringVar(&h.trace, "trace", "", "record what both sides of the handshake did in `FILE`, even if it fails: for fsrun trace and replay, and for https://ui.perfetto.dev")
}

// handshake returns the options of a handshake.
func (g *global) handshake(wishes *handshakeFlags) parent.Handshake {
	told := parent.Handshake{Deadlines: wishes.deadlines, Warn: g.warn}
	shown, log := newProgress(), g.log.file != nil && g.log.at("debug")
	if shown != nil || log {
		told.Observe = func(step machine.Step) {
			shown.step(step)
			if log {
				g.observe(step)
			}
		}
	}
	if shown != nil || wishes.trace != "" {
		told.Recorded = func(r *recording.Recording) {
			shown.over()
			if wishes.trace == "" {
				return
			}
			if err := writeTrace(wishes.trace, []*recording.Recording{r}); err != nil {
				g.warn("--trace: " + err.Error())
			}
		}
	}
	return told
}

// observe logs a step of the parent's machine.
func (g *global) observe(step machine.Step) {
	switch {
	case step.Row != nil:
		g.log.write("debug", fmt.Sprintf("row %s: %s, %s, %s", step.Row.ID, step.Row.From, step.Row.Event, step.Row.To), nil)
	case step.Sent:
		g.log.write("debug", fmt.Sprintf("sent %s, %d bytes", step.Frame.Kind(), step.Size), nil)
	default:
		g.log.write("debug", fmt.Sprintf("received %s, %d bytes", step.Frame.Kind(), step.Size), nil)
	}
}
