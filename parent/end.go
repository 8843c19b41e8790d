package parent

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	json "github.com/fsrun/fsrun/parent/bundle/strictjson"
	"github.com/fsrun/fsrun/parent/state"
)

// endFile is the file in the container's state directory that says how its init ended.
const endFile = "end.json"

// End is how a container's init ended.
type End struct {
	// Status is what its parent got from wait(2).
	Status unix.WaitStatus
	// At is when its parent noticed, zero if that is not known.
	At time.Time
}

var endFields = []json.Field[End]{
	{Name: "waitStatus", Read: func(d *json.Decoder, e *End) { json.Integer(d, &e.Status) }},
	{Name: "at", Read: func(d *json.Decoder, e *End) {
		var text string
		json.String(d, &text)
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			d.Fail(json.Quote(text), "a time of RFC 3339")
		}
		e.At = at
	}},
}

// KeepEnd records how the init of a container ended, for callers that ask before the
// container is deleted. Only the process that waits for the init knows. A container that
// has been deleted is none to ask about, whoever has its ID by now.
func (r *Running) KeepEnd(status unix.WaitStatus) error {
	l, err := lock(r.root, r.container.ID)
	if errors.Is(err, state.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer l.Close()
	if !r.isInitOf(l.container) {
		return nil
	}
	content := strconv.AppendUint([]byte(`{"waitStatus":`), uint64(status), 10)
	content = json.AppendString(append(content, `,"at":`...), time.Now().UTC().Format(time.RFC3339Nano))
	return l.Keep(endFile, append(content, "}\n"...))
}

// maxEndBytes bounds endFile.
const maxEndBytes = 1 << 10

// readEnd returns how a stopped container's init ended: as recorded or, if nobody has
// reaped it, as the kernel reports. It returns nil if only whoever reaped it knows.
func readEnd(store *state.Store, container *state.Container) (*End, error) {
	content, err := store.Kept(container.ID, endFile, maxEndBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && len(content) == 0: // or it is being written
		if status, is := container.Init.Unreaped(); is {
			return &End{Status: unix.WaitStatus(status)}, nil
		}
		return nil, nil
	case err != nil:
		return nil, err
	}
	end := &End{}
	if err := json.Decode(string(content), func(d *json.Decoder) { json.Struct(d, end, endFields) }); err != nil {
		return nil, fmt.Errorf("container %q: %s is damaged: %w", container.ID, endFile, err)
	}
	return end, nil
}
