package state

import (
	"errors"
	"fmt"

	"github.com/fsrun/fsrun/parent/bundle/strictjson"
)

// MaxIDBytes bounds a container id: the names of its directory, its cgroup and its systemd
// scope are made of it, of which "fsrun-ID.scope" is the longest (NAME_MAX is 255).
const MaxIDBytes = 255 - len("fsrun-.scope")

// ErrInvalidID is that of an id which no container can have.
var ErrInvalidID = errors.New("invalid container ID format")

// ValidateID refuses, with ErrInvalidID, ids that are not one plain name of a directory.
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
