package testlog

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// MaxLineBytes is the longest event line that is read.
const MaxLineBytes = 4 << 20

// Event is one line of the stream; see go doc test2json.
type Event struct {
	Time       string  `json:",omitempty"`
	Action     string  `json:",omitempty"`
	Package    string  `json:",omitempty"`
	ImportPath string  `json:",omitempty"`
	Test       string  `json:",omitempty"`
	Elapsed    float64 `json:",omitempty"`
	Output     string  `json:",omitempty"`
}

// Decode calls handle for every event. A line that is not an event, which a build or a
// crashing test may print, becomes an output event without a package.
func Decode(stream io.Reader, handle func(Event)) error {
	lines := bufio.NewScanner(stream)
	lines.Buffer(make([]byte, 0, 64<<10), MaxLineBytes)
	for lines.Scan() {
		var event Event
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil || event.Action == "" {
			event = Event{Action: "output", Output: lines.Text() + "\n"}
		}
		handle(event)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("testlog: event stream: %w", err)
	}
	return nil
}
