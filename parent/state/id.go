package state

import (
	"errors"
	"fmt"

	"github.com/fsrun/fsrun/parent/bundle/strictjson"
)

// MaxIDBytes bounds a container ID. It is part of the names of the container's directory,
// cgroup and systemd scope, of which "fsrun-ID.scope" is the longest (NAME_MAX is 255).
const MaxIDBytes = 255 - len("fsrun-.scope")

// ErrInvalidID says that no container can have that ID.
var ErrInvalidID = errors.New("invalid container ID format")

// ValidateID returns ErrInvalidID for an ID that is not a single, plain directory name.
func ValidateID(id string) error {
	if id == "" || id == "." || id == ".." || len(id) > MaxIDBytes || !plain(id) {
		return fmt.Errorf("%w: %s; allowed: 1 to %d of the characters A-Z a-z 0-9 _ + . -, and neither \".\" nor \"..\"", ErrInvalidID, strictjson.Quote(id), MaxIDBytes)
	}
	return nil
}

func plain(id string) bool {
	for i := range len(id) {
		switch c := id[i]; {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case c == '_', c == '+', c == '.', c == '-':
		default:
			return false
		}
	}
	return true
}
