package cpio

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Tree is a file system under construction. The zero value is empty and ready
// to use. Adding a path twice replaces what was there.
type Tree struct {
	entries map[string]entry
}

type entry struct {
	mode    uint32
	content []byte // of small files and symbolic links
	source  string // host path of a file to copy instead of content
}

// AddDirectory adds a directory with the given permission bits.
func (t *Tree) AddDirectory(name string, permissions uint32) {
	t.add(name, entry{mode: TypeDirectory | permissions})
}

// AddBytes adds a regular file with the given contents.
func (t *Tree) AddBytes(name string, permissions uint32, content []byte) {
	t.add(name, entry{mode: TypeRegular | permissions, content: content})
}

// AddFile adds a regular file whose contents are read from the host path
// source when the tree is written.
func (t *Tree) AddFile(name string, permissions uint32, source string) {
	t.add(name, entry{mode: TypeRegular | permissions, source: source})
}

// AddSymlink adds a symbolic link.
func (t *Tree) AddSymlink(name, target string) {
	t.add(name, entry{mode: TypeSymlink | 0o777, content: []byte(target)})
}

// AddTree adds the host directory source and everything below it. It refuses files that are
// not regular files, directories or symbolic links.
func (t *Tree) AddTree(name, source string) error {
	return filepath.WalkDir(source, func(host string, found fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(source, host)
		if err != nil {
			return err
		}
		guest := path.Join(name, filepath.ToSlash(relative))
		info, err := found.Info()
		if err != nil {
			return err
		}
		switch permissions := uint32(info.Mode().Perm()); info.Mode().Type() {
		case fs.ModeDir:
			t.AddDirectory(guest, permissions)
		case 0:
			t.AddFile(guest, permissions, host)
		case fs.ModeSymlink:
			target, err := os.Readlink(host)
			if err != nil {
				return err
			}
			t.AddSymlink(guest, target)
		default:
			return fmt.Errorf("cpio: %s is a %s; only files, directories and symbolic links can be added", host, info.Mode().Type())
		}
		return nil
	})
}

// Has reports whether the path was added.
func (t *Tree) Has(name string) bool {
	_, found := t.entries[clean(name)]
	return found
}

// Write writes the tree as one archive, parents before children. Directories that were only
// implied get the permissions 0755.
func (t *Tree) Write(out io.Writer) error {
	writer := NewWriter(out)
	for _, name := range slices.Sorted(maps.Keys(t.entries)) {
		if err := t.entries[name].write(writer, name); err != nil {
			return err
		}
	}
	return writer.Close()
}

func (t *Tree) add(name string, added entry) {
	if t.entries == nil {
		t.entries = make(map[string]entry)
	}
	name = clean(name)
	t.entries[name] = added
	for parent := path.Dir(name); parent != "."; parent = path.Dir(parent) {
		if _, found := t.entries[parent]; !found {
			t.entries[parent] = entry{mode: TypeDirectory | 0o755}
		}
	}
}

func (e entry) write(writer *Writer, name string) error {
	if e.source == "" {
		return writer.WriteEntry(Header{Name: name, Mode: e.mode, Size: int64(len(e.content))}, bytes.NewReader(e.content))
	}
	file, err := os.Open(e.source)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return writer.WriteEntry(Header{Name: name, Mode: e.mode, Size: info.Size()}, file)
}

func clean(name string) string {
	return strings.TrimPrefix(path.Clean("/"+name), "/")
}
