package parent

import (
	"errors"
	"io/fs"

	"github.com/fsrun/fsrun/internal/recording"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol/machine"
)

// Recording is what is recorded of one handshake: for what, when and how it went, each
// state, frame and operation, and of a failure what tells where and why. It holds no
// argument, no environment and no content of a frame, and is written as JSON.
type Recording = recording.Recording

// The recordings in a container's state directory: of the handshake that created
// it, and of its start by another process.
const (
	handshakeFile = "handshake.json"
	startFile     = "handshake-start.json"
)

// join has the handshake be part of its container's trace. A caller's mistake
// there is no reason not to start the container (W3C Trace Context, "Processing
// Model").
func (h *Handshake) join(recorder *recording.Recorder, annotations map[string]string) {
	if err := recorder.Join(annotations); err != nil {
		h.warn(err.Error() + "; its handshake is part of no trace")
	}
}

// observers has the recorder and the caller see every step.
func (h *Handshake) observers(recorder *recording.Recorder) func(machine.Step) {
	if h.Observe == nil {
		return recorder.Observe
	}
	return func(step machine.Step) {
		recorder.Observe(step)
		h.Observe(step)
	}
}

// recorded ends a recording and hands it to the caller. Where there is a handle
// it is kept for who asks later. By now the program runs, or waits for its start,
// so that this delays nobody.
func (h *Handshake) recorded(recorder *recording.Recorder, failure error, handle *state.Handle, name string) {
	made := recorder.End(failure)
	if h.Recorded != nil {
		h.Recorded(made)
	}
	if handle == nil {
		return
	}
	if err := handle.Keep(name, recording.Encode(made)); err != nil {
		h.warn(err.Error())
	}
}

// Recordings returns what is kept of a container's handshake: of its creation,
// and of its start if that was another process's.
func Recordings(root, id string) ([]*Recording, error) {
	store, err := state.Open(root)
	if err != nil {
		return nil, err
	}
	var found []*Recording
	for _, name := range []string{handshakeFile, startFile} {
		content, err := store.Kept(id, name, recording.MaxBytes)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		made, err := recording.Decode(string(content))
		if err != nil {
			return nil, err
		}
		found = append(found, made...)
	}
	return found, nil
}
