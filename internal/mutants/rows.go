package main

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// row is a class of vulnerabilities, with its tests and the guards against it.
type row struct {
	class   string
	tests   []test
	mutants []*mutant
}

// test is a test function, or one of the scripts that a function runs.
type test struct {
	directory string // of the package, relative to the module
	name      string
	script    string // "" for none
}

func (t test) String() string {
	if t.script != "" {
		return t.directory + " " + t.name + "/" + t.script
	}
	return t.directory + " " + t.name
}

// scripts is the directory of the command's scripts. A script is run by the function in
// runners whose key its name begins with.
const scripts = "testdata/script"

var scriptTests = map[string]test{
	"container": {directory: "cmd/fsrun", name: "TestContainerScripts"},
}

// A test names its classes on a line in its doc comment, a script on a line of its own.
var (
	ofClasses  = regexp.MustCompile(`(?m)^(?://|#) CLASS: (V[0-9]+(?:, V[0-9]+)*)$`)
	isFunction = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
)

// rowsOf returns the classes with a chosen mutant, in numeric order.
func rowsOf(root string, chosen *regexp.Regexp) ([]*row, error) {
	rows := map[string]*row{}
	for i := range mutants {
		m := &mutants[i]
		if !chosen.MatchString(m.class + " " + m.guard) {
			continue
		}
		if rows[m.class] == nil {
			rows[m.class] = &row{class: m.class}
		}
		rows[m.class].mutants = append(rows[m.class].mutants, m)
		rows[m.class].add(m.tests()...)
	}
	err := eachClassified(root, func(class string, t test) {
		if rows[class] != nil {
			rows[class].add(t)
		}
	})
	ordered := slices.Collect(func(yield func(*row) bool) {
		for _, row := range rows {
			if !yield(row) {
				return
			}
		}
	})
	slices.SortFunc(ordered, func(a, b *row) int { return cmp.Compare(a.number(), b.number()) })
	return ordered, err
}

func (r *row) number() int {
	number, _ := strconv.Atoi(r.class[1:])
	return number
}

func (r *row) add(tests ...test) {
	for _, t := range tests {
		if !slices.Contains(r.tests, t) {
			r.tests = append(r.tests, t)
		}
	}
}

func (r *row) list() {
	for _, t := range r.tests {
		fmt.Printf("%-4s test   %s\n", r.class, t)
	}
	for _, m := range r.mutants {
		fmt.Printf("%-4s guard  %-62s %s %s\n", m.class, m.guard, m.directory, m.test)
	}
}

// eachClassified calls found for every test that names a class.
func eachClassified(root string, found func(class string, t test)) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && path != root:
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(path, ".txtar"):
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, said := range ofClasses.FindAllSubmatchIndex(content, -1) {
			t, err := testAt(root, path, content[said[1]:])
			if err != nil {
				return err
			}
			for class := range strings.SplitSeq(string(content[said[2]:said[3]]), ", ") {
				found(class, t)
			}
		}
		return nil
	})
}

// testAt returns the test whose doc comment continues with after.
func testAt(root, path string, after []byte) (test, error) {
	below, err := filepath.Rel(root, filepath.Dir(path))
	if err != nil {
		return test{}, err
	}
	if below == scripts {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		kind, _, _ := strings.Cut(name, "_")
		t, known := scriptTests[kind]
		if !known {
			return t, fmt.Errorf("%s: nobody is known to run it", path)
		}
		t.script = name
		return t, nil
	}
	function := isFunction.FindSubmatch(after)
	if function == nil {
		return test{}, fmt.Errorf("%s: CLASS without a test after it", path)
	}
	return test{directory: below, name: string(function[1])}, nil
}
