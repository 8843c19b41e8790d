package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fsrun/fsrun/internal/vm/testlog"
)

// generators write files that are kept in the repository. They run in a copy of it and must
// not change anything there.
var generators = []struct {
	what    string
	command []string
}{
	{"whatever a go:generate line makes", []string{"go", "generate", "./..."}},
}

// checkGenerated runs every generator in a copy of the repository and compares.
func checkGenerated(ctx context.Context, r *run) (*testlog.Tally, error) {
	listed, err := output(ctx, "", nil, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	copied, err := os.MkdirTemp("", "fsrun-generated-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(copied)
	before := make(map[string][]byte)
	for name := range strings.SplitSeq(strings.TrimRight(listed, "\x00"), "\x00") {
		content, err := copyFile(name, filepath.Join(copied, name))
		if errors.Is(err, fs.ErrNotExist) {
			// Deleted from the tree but not yet from the index.
			continue
		}
		if err != nil {
			return nil, err
		}
		before[name] = content
	}
	var stale []error
	for _, generator := range generators {
		r.say("    %s", strings.Join(generator.command, " "))
		if _, err := output(ctx, copied, static, generator.command[0], generator.command[1:]...); err != nil {
			return nil, fmt.Errorf("%s: %w", generator.what, err)
		}
		changed, err := changes(copied, before)
		if err != nil {
			return nil, err
		}
		if len(changed) > 0 {
			stale = append(stale, fmt.Errorf("not up to date: %s; run: %s", strings.Join(changed, ", "), strings.Join(generator.command, " ")))
		}
	}
	return nil, errors.Join(stale...)
}

// changes returns the files in the directory that differ from before, and updates before
// for the next comparison.
func changes(directory string, before map[string][]byte) ([]string, error) {
	var changed []string
	err := filepath.WalkDir(directory, func(path string, found fs.DirEntry, err error) error {
		if err != nil || !found.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(directory, path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if was, existed := before[name]; !existed || !bytes.Equal(was, content) {
			changed = append(changed, name)
			before[name] = content
		}
		return nil
	})
	for name := range before {
		if _, statError := os.Lstat(filepath.Join(directory, name)); errors.Is(statError, fs.ErrNotExist) {
			changed = append(changed, name)
			delete(before, name)
		}
	}
	slices.Sort(changed)
	return changed, err
}

// copyFile copies a file or a symbolic link. It returns the content of a file.
func copyFile(source, destination string) ([]byte, error) {
	info, err := os.Lstat(source)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(destination), 0o755); err != nil {
		return nil, err
	}
	if info.Mode().Type() == fs.ModeSymlink {
		target, err := os.Readlink(source)
		if err != nil {
			return nil, err
		}
		return nil, os.Symlink(target, destination)
	}
	content, err := os.ReadFile(source)
	if err != nil {
		return nil, err
	}
	return content, os.WriteFile(destination, content, info.Mode().Perm())
}
