package child

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
)

// TestFind looks for programs as a shell does. The directories, beneath the
// working directory:
//
//	bin/tool    may be executed     later/tool  may be executed
//	plain/tool  is no program       folder/tool is a directory
func TestFind(t *testing.T) {
	work := t.TempDir()
	file := func(name string, mode os.FileMode) {
		path := filepath.Join(work, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, mode)); err != nil {
			t.Fatal(err)
		}
	}
	file("bin/tool", 0o755)
	file("later/tool", 0o001)
	file("plain/tool", 0o644)
	if err := os.MkdirAll(filepath.Join(work, "folder/tool"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, environment string
		found             string // beneath the working directory, or
		err               error
	}{
		{"/bin/sh", "PATH=/nonexistent", "/bin/sh", nil},
		{"./bin/tool", "", "bin/tool", nil},
		{"bin/tool", "PATH=/nonexistent", "bin/tool", nil},
		{"bin/../later/tool", "", "later/tool", nil},
		{"plain/tool", "", "", unix.EACCES},
		{"folder/tool", "", "", unix.EISDIR},
		{"bin/missing", "", "", unix.ENOENT},
		{"tool", "PATH=bin:later", "bin/tool", nil},
		{"tool", "PATH=/nonexistent:later:bin", "later/tool", nil},
		{"tool", "PATH=" + work + "/bin", "bin/tool", nil},
		{"tool", "PATH=plain:folder:bin", "bin/tool", nil},
		{"tool", "PATH=plain:folder", "", fs.ErrPermission},
		{"tool", "PATH=folder", "", errNotFound},
		{"tool", "PATH=/nonexistent", "", errNotFound},
		{"tool", "XPATH=bin", "", errNotFound},
		{"sh", "", "/bin/sh", nil},
		{"", "PATH=bin", "", errNotFound},
	} {
		t.Run(test.name+" "+test.environment, func(t *testing.T) {
			var environment []string
			if test.environment != "" {
				environment = []string{"HOME=/", test.environment, "PATH=/later/ones/do/not/count"}
			}
			found, err := find(test.name, environment, work)
			if !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
				t.Fatalf("error %v; want %v", err, test.err)
			}
			want := test.found
			if want != "" && !filepath.IsAbs(want) {
				want = filepath.Join(work, want)
			}
			if err == nil && !same(t, found, want) {
				t.Errorf("found %s; want %s", found, want)
			}
		})
	}
}

func same(t *testing.T, one, other string) bool {
	t.Helper()
	a, err := os.Stat(one)
	b, otherErr := os.Stat(other)
	if err := errors.Join(err, otherErr); err != nil {
		t.Fatal(err)
	}
	return os.SameFile(a, b)
}

// TestFindWithAnEmptyPlace: an empty place in PATH is the working directory
// (environ(7)), which is the container's and not the runtime's.
func TestFindWithAnEmptyPlace(t *testing.T) {
	work := t.TempDir()
	if err := os.WriteFile(filepath.Join(work, "tool"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"PATH=", "PATH=:/nonexistent", "PATH=/nonexistent:", "PATH=/a::/b", "PATH=."} {
		if found, err := find("tool", []string{path}, work); err != nil || found != filepath.Join(work, "tool") {
			t.Errorf("%s: found %q, %v", path, found, err)
		}
	}
}

// TestMissingProgram: a program that is not there is told before Ready, by its
// name and with the words that people look for.
func TestMissingProgram(t *testing.T) {
	for name, says := range map[string]string{
		"no-such-program": "executable file not found in $PATH",
		"/no/such/file":   "no such file or directory",
		"/etc/passwd":     "permission denied",
	} {
		s := begin(t)
		s.greets(protocol.RoleInit)
		s.send(&protocol.Plan{Ops: []protocol.Op{arguments(name), execute()}})
		fault := s.fails(protocol.CodeExec)
		if text := fault.Error(); !strings.Contains(text, says) || !strings.Contains(text, name) || fault.Path != "process.args[0]" {
			t.Errorf("%s: %q at %s", name, text, fault.Path)
		}
	}
}

// TestSocketArgument: the second argument is a descriptor's number in decimal,
// and there is no other.
//
// SPEC: M-TRAN-11
func TestSocketArgument(t *testing.T) {
	for _, arguments := range [][]string{
		{}, {protocol.ChildName}, {protocol.ChildName, ""}, {protocol.ChildName, "3", "4"}, {protocol.ChildName, "-1"},
		{protocol.ChildName, "+3"}, {protocol.ChildName, " 3"}, {protocol.ChildName, "3 "}, {protocol.ChildName, "0x3"},
		{protocol.ChildName, "3.0"}, {protocol.ChildName, "1_0"}, {protocol.ChildName, "2147483648"}, {protocol.ChildName, "three"},
	} {
		if number, err := socketArgument(arguments); err == nil {
			t.Errorf("%q is taken for %d", arguments, number)
		}
	}
	for argument, want := range map[string]int{"3": 3, "0": 0, "2147483647": 2147483647} {
		if number, err := socketArgument([]string{protocol.ChildName, argument}); err != nil || number != want {
			t.Errorf("%q is taken for %d, %v", argument, number, err)
		}
	}
}
