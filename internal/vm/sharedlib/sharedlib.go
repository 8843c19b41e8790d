// Package sharedlib finds the shared libraries that a program on this machine needs, so
// that the program can be copied to a place without any.
//
// For an ordinary Debian program it does the same as ld.so(8): it looks for the interpreter
// named by the program, then for every DT_NEEDED name in the standard directories. It does
// not find libraries that a program opens itself (dlopen).
package sharedlib

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Directories is where to look for libraries, in this order.
var Directories = []string{
	"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu",
	"/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu",
	"/lib64", "/usr/lib64", "/lib", "/usr/lib",
}

// Closure returns the sorted paths of the interpreter and all libraries that the program
// needs, none for a static program.
func Closure(program string) ([]string, error) {
	seen := make(map[string]bool)
	pending := []string{program}
	for len(pending) > 0 {
		path := pending[0]
		pending = pending[1:]
		needed, err := direct(path)
		if err != nil {
			return nil, fmt.Errorf("sharedlib: %s: %w", path, err)
		}
		for _, library := range needed {
			if !seen[library] {
				seen[library] = true
				pending = append(pending, library)
			}
		}
	}
	var paths []string
	for path := range seen {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths, nil
}

// direct returns the paths of what an ELF file itself names.
func direct(path string) ([]string, error) {
	file, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var paths []string
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			name, err := io.ReadAll(io.LimitReader(segment.Open(), 4096))
			if err != nil {
				return nil, err
			}
			paths = append(paths, string(bytes.TrimRight(name, "\x00")))
		}
	}
	names, err := file.ImportedLibraries()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		library, err := find(name)
		if err != nil {
			return nil, err
		}
		paths = append(paths, library)
	}
	return paths, nil
}

func find(name string) (string, error) {
	for _, directory := range Directories {
		path := filepath.Join(directory, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return "", fmt.Errorf("library %s is in none of %v", name, Directories)
}
