package parent

import (
	"fmt"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/protocol"
)

// maxAsked is how many bytes of names and values the limits may have in total. A frame has
// to carry what the kernel shows for them, which is longer where a file also shows
// defaults: half of a frame is left for that.
const maxAsked = protocol.MaxFrame / 2

// checkCarried refuses limits that do not fit into Committed, before anything is made
// (SPEC.md, M-LIM-1). The error is a *bundle.Error with the path of the first setting that
// is too much.
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

// readBack converts limits for Committed. If a file shows more than the field can hold, the
// error is a *bundle.Error with the setting's path: a limit is never reported in part
// (SPEC.md, M-COM-2).
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

// encode encodes Committed now, so that a failure is one of the commit, which undoes what
// was made.
func (h *handshake) encode() error {
	var err error
	if h.encoded, err = protocol.Encode(h.committed); err != nil {
		return fmt.Errorf("linux.resources: what the kernel shows cannot be told: %w", err)
	}
	return nil
}
