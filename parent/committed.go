package parent

import (
	"fmt"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/protocol"
)

// maxAsked is how many bytes of names and values the limits may have together. A frame
// has to carry what the kernel shows of them, which is more than was asked where a file
// shows defaults beside it: half of a frame is left for that.
const maxAsked = protocol.MaxFrame / 2

// checkCarried refuses limits that Committed could not carry, before anything is made
// (SPEC.md, M-LIM-1). The error is a *bundle.Error with the place of the first setting
// that is too much.
func checkCarried(limits cgroupv2.Limits) error {
	size := 0
	for _, setting := range limits.Settings() {
		if size += len(setting.File) + len(setting.Value); size > maxAsked {
			return &bundle.Error{
				Path: setting.Path, Found: fmt.Sprintf("brings the limits to %d bytes", size), Allowed: fmt.Sprintf("at most %d bytes of them together", maxAsked),
			}
		}
	}
	return nil
}

// readBack are limits as Committed carries them. The error, of a file that shows more
// than the field holds, is a *bundle.Error with the setting's place: nothing is told in
// part (SPEC.md, M-COM-2).
func readBack(standing []cgroupv2.Setting) ([]protocol.Pair, error) {
	var limits []protocol.Pair
	for _, setting := range standing {
		if size := len(setting.Value); size > protocol.MaxText {
			return nil, &bundle.Error{
				Path: setting.Path, Found: fmt.Sprintf("%s, which the kernel shows as %d bytes", setting.File, size),
				Allowed: fmt.Sprintf("files that show at most %d bytes", protocol.MaxText),
			}
		}
		limits = append(limits, protocol.Pair{Name: setting.File, Value: setting.Value})
	}
	return limits, nil
}

// encode makes the frame while a failure still is one of the commit, which takes back
// what was made.
func (h *handshake) encode() error {
	var err error
	if h.encoded, err = protocol.Encode(h.committed); err != nil {
		return fmt.Errorf("linux.resources: what the kernel shows cannot be told: %w", err)
	}
	return nil
}
