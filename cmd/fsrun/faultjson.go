package main

import (
	"cmp"
	"errors"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol"
)

// faultJSON is what is known about a failure besides its one line: all of a failed
// handshake's Fault, or what another error says.
type faultJSON struct {
	Code      string        `json:"code,omitempty"`
	Machine   string        `json:"machine,omitempty"`
	State     string        `json:"state,omitempty"`
	Awaited   string        `json:"awaited,omitempty"`
	Op        string        `json:"op,omitempty"`
	Path      string        `json:"path,omitempty"`
	Call      string        `json:"call,omitempty"`
	Errno     int           `json:"errno,omitempty"`
	ErrnoName string        `json:"errno_name,omitempty"`
	Object    string        `json:"object,omitempty"`
	Detail    string        `json:"detail,omitempty"`
	Hint      string        `json:"hint,omitempty"`
	Cgroup    *countersJSON `json:"cgroup,omitempty"`
}

// The codes for failures without a handshake, in addition to the protocol's.
const (
	codeUsage  = "usage"  // the command line
	codeConfig = "config" // something in config.json, whose place is given
	codeStatus = "status" // the container's status does not permit the command
)

// statusHints are for failures whose lines engines match word for word, so that the remedy
// has to be separate.
var statusHints = []struct {
	is   error
	hint string // "" if the line says it
}{
	{state.ErrNotExist, "fsrun list shows the containers in the directory of --root"},
	{state.ErrExist, "fsrun delete removes a container that is no longer needed"},
	{parent.ErrNotRunning, "its program has ended: fsrun inspect tells how, fsrun delete removes what is left"},
	{parent.ErrStatus, ""},
}

// classify sets the code of a failure outside a handshake, if it has one.
func (f *faultJSON) classify(err error) {
	for _, known := range statusHints {
		if errors.Is(err, known.is) {
			f.Code, f.Hint = codeStatus, cmp.Or(f.Hint, known.hint)
			return
		}
	}
	var usage usageError
	switch {
	case errors.As(err, &usage), errors.Is(err, state.ErrInvalidID):
		f.Code = codeUsage
	case f.Path != "":
		f.Code = codeConfig
	}
}

// countersJSON is what a cgroup had counted, if a limit played a part in a failure.
type countersJSON struct {
	MemoryPeak  *uint64 `json:"memory_peak_bytes,omitempty"`
	MemoryLimit *uint64 `json:"memory_limit_bytes,omitempty"`
	MemoryMax   *uint64 `json:"memory_events_max,omitempty"`
	OOMKills    *uint64 `json:"memory_events_oom_kill,omitempty"`
	PidsPeak    *uint64 `json:"pids_peak,omitempty"`
	PidsLimit   *uint64 `json:"pids_limit,omitempty"`
	PidsRefused *uint64 `json:"pids_events_max,omitempty"`
}

// faultFields returns what an error says, or nil if it says nothing more than its text. If
// a container's ID or status does not permit the command, the object is the container.
func faultFields(err error, container string) *faultJSON {
	if err == nil {
		return nil
	}
	var fault *protocol.Fault
	told := &faultJSON{}
	if errors.As(err, &fault) {
		told.Code = fault.Code.String()
	} else {
		fault = protocol.Explain(0, err)
		fault.Detail = "" // it is the same as the message
	}
	told.Machine, told.State, told.Awaited, told.Op, told.Path = fault.Machine, fault.State, fault.Awaited, fault.Op, fault.Path
	told.Call, told.Errno, told.Object, told.Detail, told.Hint = fault.Call, int(fault.Errno), fault.Object, fault.Detail, fault.Hint
	if fault.Errno != 0 {
		told.ErrnoName = unix.ErrnoName(fault.Errno)
	}
	if told.Code == "" {
		told.classify(err)
	}
	if told.Code == codeStatus || errors.Is(err, state.ErrInvalidID) {
		told.Object = cmp.Or(told.Object, container)
	}
	var counted *parent.Counted
	if errors.As(err, &counted) {
		told.Cgroup = countersOf(counted.Stats)
	}
	if *told == (faultJSON{}) {
		return nil
	}
	return told
}

func countersOf(stats *cgroupv2.Stats) *countersJSON {
	told := &countersJSON{}
	if memory := stats.Memory; memory != nil {
		told.MemoryPeak, told.MemoryLimit = known(memory.Peak), finite(memory.Limit)
		told.MemoryMax, told.OOMKills = &memory.Events.Max, &memory.Events.OOMKill
	}
	if pids := stats.Pids; pids != nil {
		told.PidsPeak, told.PidsLimit, told.PidsRefused = known(pids.Peak), finite(pids.Limit), &pids.Refused
	}
	return told
}
