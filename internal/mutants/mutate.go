package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// overlay writes the mutated files to a directory, along with a file that tells the
// compiler to use them. It returns the path of that file.
func (m *mutant) overlay(root, directory string) (string, error) {
	contents := map[string]string{}
	for _, edit := range m.edits {
		content, there := contents[edit.file]
		if !there {
			read, err := os.ReadFile(filepath.Join(root, edit.file))
			if err != nil {
				return "", err
			}
			content = string(read)
		}
		if count := strings.Count(content, edit.old); count != 1 {
			return "", fmt.Errorf("%s (%s): in %s there is %d times, and not once:\n%s", m.class, m.guard, edit.file, count, edit.old)
		}
		contents[edit.file] = strings.Replace(content, edit.old, edit.new, 1)
	}
	replace := map[string]string{}
	for file, content := range contents {
		mutated := filepath.Join(directory, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(mutated, []byte(content), 0o644); err != nil {
			return "", err
		}
		replace[filepath.Join(root, file)] = mutated
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(directory, "overlay.json")
	return path, os.WriteFile(path, list, 0o644)
}
