// Package checkout finds the source tree that a tool works on.
package checkout

import (
	"errors"
	"os"
	"path/filepath"
)

// Directory returns the nearest directory with a go.mod, from the working directory
// upwards.
func Directory() (string, error) {
	directory, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; directory = filepath.Dir(directory) {
		if _, err := os.Stat(filepath.Join(directory, "go.mod")); err == nil {
			return directory, nil
		}
		if directory == "/" {
			return "", errors.New("no go.mod here or above: run it in the module")
		}
	}
}
