package state

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"

	json "github.com/fsrun/fsrun/parent/bundle/strictjson"
)

const (
	intentName = "intent"
	// MaxIntentBytes bounds an intent record.
	MaxIntentBytes = 64 << 10
)

// Reserved is the step of the first intent, which [Store.Reserve] writes. Its object is the
// bundle, its process the creator.
const Reserved = "reserved"

// Intent announces a side effect, so that it can be undone.
type Intent struct {
	// Step names the side effect, such as cgroup.
	Step string
	// Object is what it affects, such as the cgroup's path.
	Object string
	// Process is the process concerned, if any.
	Process Process
}

var intentFields = [...]field[Intent]{
	{"step",
		func(d *json.Decoder, i *Intent) { json.String(d, &i.Step) },
		func(b []byte, i *Intent) []byte { return json.AppendString(b, i.Step) }},
	{"object",
		func(d *json.Decoder, i *Intent) { json.String(d, &i.Object) },
		func(b []byte, i *Intent) []byte { return json.AppendString(b, i.Object) }},
	{"pid",
		func(d *json.Decoder, i *Intent) { json.Integer(d, &i.Process.PID) },
		func(b []byte, i *Intent) []byte { return strconv.AppendInt(b, int64(i.Process.PID), 10) }},
	{"pidStartTime",
		func(d *json.Decoder, i *Intent) { json.Integer(d, &i.Process.StartTime) },
		func(b []byte, i *Intent) []byte { return strconv.AppendUint(b, i.Process.StartTime, 10) }},
}

// Intend appends an intent. If it returns an error, the record is unchanged and the side
// effect must not happen.
func (h *Handle) Intend(intent Intent) error {
	if h.intents == nil {
		if err := h.openIntents(); err != nil {
			return err
		}
	}
	line := append(appendRecord(nil, &intent, intentFields[:]), '\n')
	if h.intentSize+int64(len(line)) > MaxIntentBytes {
		return fmt.Errorf("container %q: the intent record is full; allowed: at most %d bytes", h.id, MaxIntentBytes)
	}
	if _, err := h.intents.WriteAt(line, h.intentSize); err != nil {
		return errors.Join(fmt.Errorf("container %q: cannot record the intent %q: %w", h.id, intent.Step, err), h.intents.Truncate(h.intentSize))
	}
	h.intentSize += int64(len(line))
	return nil
}

// openIntents opens the record for writing after its last complete line.
func (h *Handle) openIntents() error {
	file, err := h.openAt(intentName, syscall.O_RDWR|syscall.O_CREAT)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(io.LimitReader(file, MaxIntentBytes+1))
	if err == nil {
		h.intentSize = int64(bytes.LastIndexByte(content, '\n') + 1)
		err = file.Truncate(h.intentSize)
	}
	if err != nil {
		file.Close()
		return fmt.Errorf("container %q: cannot open the intent record: %w", h.id, err)
	}
	h.intents = file
	return nil
}

// Intents returns the recorded intents, oldest first.
func (h *Handle) Intents() ([]Intent, error) { return h.store.Intents(h.id) }

// Intents returns a container's recorded intents, oldest first. It is no error if there are
// none. If a line is damaged, the intents before it are returned along with the error.
func (s *Store) Intents(id string) ([]Intent, error) {
	if err := ValidateID(id); err != nil {
		return nil, err
	}
	content, err := readBounded(s.Path(id)+"/"+intentName, MaxIntentBytes)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	intents, err := parseIntents(content)
	if err != nil {
		return intents, fmt.Errorf("container %q: the intent record is damaged: %w", id, err)
	}
	return intents, nil
}

// parseIntents parses the complete lines of a record.
func parseIntents(content []byte) (intents []Intent, err error) {
	for number := 1; ; number++ {
		end := bytes.IndexByte(content, '\n')
		if end < 0 {
			// What follows the last newline was being written when the writer died; the
			// side effect did not happen.
			return intents, nil
		}
		var intent Intent
		if err := json.Decode(string(content[:end]), func(d *json.Decoder) { readRecord(d, &intent, intentFields[:], 0) }); err != nil {
			return intents, fmt.Errorf("line %d: %w", number, err)
		}
		intents = append(intents, intent)
		content = content[end+1:]
	}
}
