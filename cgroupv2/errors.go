package cgroupv2

import (
	"fmt"
	"strings"
)

// ValueError says that a value of the config is not acceptable, before anything was
// done with it.
type ValueError struct {
	Path    string // the JSON path, such as linux.resources.memory.limit
	Value   string // what is there
	Allowed string // what may be there, or why this may not
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("%s: %s is not allowed: %s", e.Path, e.Value, e.Allowed)
}

// Place returns the JSON path alone.
func (e *ValueError) Place() string { return e.Path }

// StateError says that a group is in no state to do what was asked: frozen, not
// empty, of the wrong type, not ours to change.
type StateError struct {
	Group  string // the group's directory
	Reason string // completes "the cgroup G …"
	Remedy string // what the operator can do
	Err    error  // the kernel's answer, where it was asked
}

func (e *StateError) Error() string {
	message := fmt.Sprintf("the cgroup %s %s", e.Group, e.Reason)
	if e.Err != nil {
		message += ": " + e.Err.Error()
	}
	return withRemedy(message, e.Remedy)
}

func (e *StateError) Unwrap() error { return e.Err }

// Hint returns the remedy alone.
func (e *StateError) Hint() string { return e.Remedy }

// SettingError says that the kernel did not take a limit, or took another one.
type SettingError struct {
	Setting Setting
	Group   string // the group's directory
	Reason  string // what happened, when Err does not say
	Remedy  string
	Err     error
}

func (e *SettingError) Error() string {
	reason := e.Reason
	if e.Err != nil {
		reason = strings.TrimPrefix(reason+": "+e.Err.Error(), ": ")
	}
	return withRemedy(fmt.Sprintf("%s: %s cannot be set to %q in the cgroup %s: %s",
		e.Setting.Path, e.Setting.File, e.Setting.Value, e.Group, reason), e.Remedy)
}

func (e *SettingError) Unwrap() error { return e.Err }

// Hint returns the remedy alone.
func (e *SettingError) Hint() string { return e.Remedy }

// Place returns the JSON path of the limit alone.
func (e *SettingError) Place() string { return e.Setting.Path }

func withRemedy(message, remedy string) string {
	if remedy == "" {
		return message
	}
	return message + "; " + remedy
}
