package cgroupv2

import (
	"fmt"
	"strings"
)

// ValueError says that a value in the config is not acceptable. Nothing has been changed
// yet.
type ValueError struct {
	Path    string // the JSON path, such as linux.resources.memory.limit
	Value   string // the value
	Allowed string // what is allowed instead, or why the value is not
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("%s: %s is not allowed: %s", e.Path, e.Value, e.Allowed)
}

// Place returns only the JSON path.
func (e *ValueError) Place() string { return e.Path }

// StateError says that the state of a group does not permit what was asked: it is frozen,
// not empty, of the wrong type, or not ours to change.
type StateError struct {
	Group  string // the group's directory
	Reason string // completes "the cgroup G …"
	Remedy string // what the operator can do
	Err    error  // the kernel's answer, if it was asked
}

func (e *StateError) Error() string {
	message := fmt.Sprintf("the cgroup %s %s", e.Group, e.Reason)
	if e.Err != nil {
		message += ": " + e.Err.Error()
	}
	return withRemedy(message, e.Remedy)
}

func (e *StateError) Unwrap() error { return e.Err }

// Hint returns only the remedy.
func (e *StateError) Hint() string { return e.Remedy }

// SettingError says that the kernel refused a limit or set a different one.
type SettingError struct {
	Setting Setting
	Group   string // the group's directory
	Reason  string // what happened, if Err does not say
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

// Hint returns only the remedy.
func (e *SettingError) Hint() string { return e.Remedy }

// Place returns only the JSON path of the limit.
func (e *SettingError) Place() string { return e.Setting.Path }

func withRemedy(message, remedy string) string {
	if remedy == "" {
		return message
	}
	return message + "; " + remedy
}
