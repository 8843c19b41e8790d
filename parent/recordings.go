package parent

import (
	"errors"
	"io/fs"

	"github.com/fsrun/fsrun/internal/recording"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol/machine"
)

// Recording records one handshake: what it was for, when it was and how it went, with every
// state, frame and operation, and where and why it failed, if it did. It contains no
// arguments, no environment and no contents of frames. It can be encoded as JSON.
type Recording = recording.Recording

// The recordings in a container's state directory: of the handshake that created it, and of
// its start if another process did that.
const (
	handshakeFile = "handshake.json"
	startFile     = "handshake-start.json"
)

// join makes the handshake part of its container's trace. A caller's mistake in that is no
// reason not to start the container (W3C Trace Context, "Processing Model").
func (h *Handshake) join(recorder *recording.Recorder, annotations map[string]string) {
	if err := recorder.Join(annotations); err != nil {
		h.warn(err.Error() + "; its handshake is part of no trace")
	}
}

// observers returns an Observe function for both the recorder and the caller.
func (h *Handshake) observers(recorder *recording.Recorder) func(machine.Step) {
	if h.Observe == nil {
		return recorder.Observe
	}
	return func(step machine.Step) {
		recorder.Observe(step)
		h.Observe(step)
	}
}

// recorded ends a recording, passes it to the caller and, given a handle, stores it for
// later. By now the program is running or waiting for its start, so this delays nobody.
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

// Recordings returns the stored recordings of a container: of its creation, and of its
// start if another process did that.
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
		if len(content) == 0 {
			continue // it is being written
		}
		made, err := recording.Decode(string(content))
		if err != nil {
			return nil, err
		}
		found = append(found, made...)
	}
	return found, nil
}
