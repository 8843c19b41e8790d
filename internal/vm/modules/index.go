package modules

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Index knows the modules of one kernel.
type Index struct {
	files   map[string]string // from a module's name to the path of its .ko file, which may be compressed
	builtIn map[string]bool
}

// Open reads the index of the module directory, usually lib/modules/VERSION.
func Open(directory string) (*Index, error) {
	index := &Index{files: make(map[string]string), builtIn: make(map[string]bool)}
	err := filepath.WalkDir(directory, func(path string, found fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name, isModule := nameOf(path); isModule && found.Type().IsRegular() {
			index.files[name] = path
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	list, err := os.Open(filepath.Join(directory, "modules.builtin"))
	if err != nil {
		return nil, err
	}
	defer list.Close()
	lines := bufio.NewScanner(list)
	for lines.Scan() {
		if name, isModule := nameOf(lines.Text()); isModule {
			index.builtIn[name] = true
		}
	}
	return index, lines.Err()
}

// Read returns the uncompressed ELF file of a module, or nil if it is built into the
// kernel.
func (x *Index) Read(name string) ([]byte, error) {
	name = canonical(name)
	path, found := x.files[name]
	switch {
	case found:
		return readModule(path)
	case x.builtIn[name]:
		return nil, nil
	default:
		return nil, fmt.Errorf("modules: this kernel has no module %s, neither as a file nor built in", name)
	}
}

// nameOf returns the module's name in the kernel.
func nameOf(path string) (string, bool) {
	stem, _, isModule := strings.Cut(filepath.Base(path), ".ko")
	return canonical(stem), isModule
}

// canonical maps the two spellings of a module name to the kernel's own.
func canonical(name string) string {
	return strings.ReplaceAll(name, "-", "_")
}
