// Package checkout finds the sources that a tool works on.
package checkout

import (
	"errors"
	"os"
	"path/filepath"
)

// Directory is the nearest directory, from the working directory up, with a go.mod.
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
