package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// goPackage is a package as listed by go list.
type goPackage struct {
	ImportPath   string
	Dir          string
	Standard     bool
	Imports      []string
	TestImports  []string
	XTestImports []string
	GoFiles      []string
	TestGoFiles  []string
	XTestGoFiles []string
	SFiles       []string
	CgoFiles     []string
	Module       *struct {
		Path string
		Main bool
	}
}

const listedFields = "ImportPath,Dir,Standard,Imports,TestImports,XTestImports,GoFiles,TestGoFiles,XTestGoFiles,SFiles,CgoFiles,Module"

// module is all packages of this module and their dependencies.
type module struct {
	path     string
	packages map[string]*goPackage
}

// loadModule lists the module's packages as built for the architecture. Packages that do
// not currently build are included as far as possible.
func loadModule(ctx context.Context, architecture string) (*module, error) {
	listed, err := output(ctx, "", append(static, "GOARCH="+architecture), "go", "list", "-e", "-deps", "-json="+listedFields, "./...")
	if err != nil {
		return nil, err
	}
	return parseModule(strings.NewReader(listed))
}

// parseModule parses the output of go list -json.
func parseModule(listed io.Reader) (*module, error) {
	m := &module{packages: make(map[string]*goPackage)}
	for decoder := json.NewDecoder(listed); ; {
		var found goPackage
		if err := decoder.Decode(&found); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		m.packages[found.ImportPath] = &found
		if found.own() {
			m.path = found.Module.Path
		}
	}
	if m.path == "" {
		return nil, errors.New("go list: no package of the main module")
	}
	return m, nil
}

func (p *goPackage) own() bool { return p.Module != nil && p.Module.Main }

func (p *goPackage) hasTests() bool { return len(p.TestGoFiles)+len(p.XTestGoFiles) > 0 }

// unsafeFiles returns the non-generated files that import unsafe.
func (p *goPackage) unsafeFiles() []string {
	if !slices.Contains(p.Imports, "unsafe") {
		return nil
	}
	var files []string
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil || (imports(file, "unsafe") && !ast.IsGenerated(file)) {
			files = append(files, name)
		}
	}
	return files
}

func imports(file *ast.File, path string) bool {
	return slices.ContainsFunc(file.Imports, func(s *ast.ImportSpec) bool { return s.Path.Value == `"`+path+`"` })
}

// own returns the module's own packages, sorted.
func (m *module) own() []*goPackage {
	var own []*goPackage
	for _, found := range m.packages {
		if found.own() {
			own = append(own, found)
		}
	}
	slices.SortFunc(own, func(a, b *goPackage) int { return strings.Compare(a.ImportPath, b.ImportPath) })
	return own
}

// relative returns a package's name as the rules write it.
func (m *module) relative(path string) string {
	return strings.TrimPrefix(path, m.path+"/")
}

// matches reports whether the pattern matches the package.
func (m *module) matches(path, pattern string) bool {
	if pattern == "std" {
		found := m.packages[path]
		return path == "C" || path == "unsafe" || found != nil && found.Standard
	}
	name := m.relative(path)
	if prefix, below := strings.CutSuffix(pattern, "/..."); below {
		return name == prefix || strings.HasPrefix(name, prefix+"/")
	}
	return name == pattern
}

func (m *module) matchesAny(path string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return m.matches(path, pattern) })
}

// chain returns a shortest chain of imports from the package to one that is wanted,
// including both ends, or nil if there is none. edges returns a package's imports.
func (m *module) chain(from string, edges func(*goPackage) []string, wanted func(string) bool) []string {
	previous := map[string]string{from: ""}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		found := m.packages[queue[0]]
		if found == nil {
			continue
		}
		for _, next := range edges(found) {
			if _, seen := previous[next]; seen {
				continue
			}
			previous[next] = queue[0]
			if wanted(next) {
				return m.way(previous, next)
			}
			queue = append(queue, next)
		}
	}
	return nil
}

func (m *module) way(previous map[string]string, to string) []string {
	var way []string
	for at := to; at != ""; at = previous[at] {
		way = append(way, m.relative(at))
	}
	slices.Reverse(way)
	return way
}
