package child

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/child/handoff"
	"github.com/fsrun/fsrun/child/rootfs"
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
		found             string // beneath the working directory; or
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
			found, err := firstFound(t, test.name, environment, work)
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

// firstFound returns the first file that may be the program.
func firstFound(t *testing.T, name string, environment []string, directory string) (string, error) {
	t.Helper()
	builder := rootfs.New()
	defer builder.Close()
	programs, err := find(builder, name, environment, directory)
	if err != nil {
		return "", err
	}
	return programs[0].Path, nil
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

// TestFindWithAnEmptyPlace: an empty element in PATH is the working directory (environ(7)),
// the container's rather than the runtime's.
func TestFindWithAnEmptyPlace(t *testing.T) {
	work := t.TempDir()
	if err := os.WriteFile(filepath.Join(work, "tool"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"PATH=", "PATH=:/nonexistent", "PATH=/nonexistent:", "PATH=/a::/b", "PATH=."} {
		if found, err := firstFound(t, "tool", []string{path}, work); err != nil || found != filepath.Join(work, "tool") {
			t.Errorf("%s: found %q, %v", path, found, err)
		}
	}
}

// TestFindLeavesRightsToTheKernel: every file that may be the program is found, in the
// order of PATH, except those that certainly cannot be executed. The child's root user may
// enter directories that the program's user may not.
//
// SPEC: M-EXE-6
func TestFindLeavesRightsToTheKernel(t *testing.T) {
	work := t.TempDir()
	for name, content := range map[string]string{
		"private": "", "public": "#!/bin/sh\n", "incomplete": "#!/no/such/interpreter\n", "unmarked": "",
	} {
		mode := map[bool]os.FileMode{true: 0o644, false: 0o755}[name == "unmarked"]
		if err := errors.Join(os.Mkdir(filepath.Join(work, name), 0o700), os.WriteFile(filepath.Join(work, name, "tool"), []byte(content), mode)); err != nil {
			t.Fatal(err)
		}
	}
	builder := rootfs.New()
	defer builder.Close()
	programs, err := find(builder, "tool", []string{"PATH=unmarked:private:incomplete:missing:public"}, work)
	want := []handoff.Program{{Path: work + "/private/tool", Format: "it is empty"}, {Path: work + "/public/tool"}}
	if !slices.Equal(programs, want) || err != nil {
		t.Errorf("found %+v, %v; want %+v", programs, err, want)
	}
	_, err = find(builder, "tool", []string{"PATH=missing:incomplete"}, work)
	if err == nil || !strings.Contains(err.Error(), "its interpreter is missing") {
		t.Errorf("the error is %v", err)
	}
}

// TestMissingProgram: a missing program is reported before Ready, by its name and in the
// words that people search for.
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

// TestSocketArgument: the second argument is a descriptor's decimal number, and the last.
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
