package handoff

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/protocol"
)

// TestProgramsAreTriedInTurn: with the rights of the program's user, as execvp(3)
// does. The files:
//
//	roots/tool    in a directory that only root may enter
//	closed/tool   that only root may execute
//	file/tool     beneath a file
//	missing/tool  is not there
//	text/tool     is of no format
//	open/tool     may be executed
//
// SPEC: M-EXE-4, M-EXE-6
func TestProgramsAreTriedInTurn(t *testing.T) {
	harness.Need(t, harness.Root) // to be another user
	const user = 1001
	directory := harness.Directory(t)
	make := func(name, content string, mode os.FileMode) {
		t.Helper()
		name = filepath.Join(directory, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(content), 0o600), os.Chmod(name, mode)); err != nil {
			t.Fatal(err)
		}
	}
	const script = "#!/bin/sh\necho $0\n"
	make("roots/tool", script, 0o755)
	make("closed/tool", script, 0o700)
	make("file", "", 0o755)
	make("text/tool", "text", 0o755)
	make("open/tool", script, 0o755)
	if err := os.Chmod(filepath.Join(directory, "roots"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		tried, told string
		errno       syscall.Errno // 0: the program is executed
	}{
		{"open", "open", 0},
		{"roots open", "open", 0},
		{"missing file closed roots open", "open", 0},
		{"missing roots closed file", "roots", unix.EACCES},
		{"missing file", "missing", unix.ENOENT},
		{"file missing", "file", unix.ENOTDIR},
		{"roots text open", "text", unix.ENOEXEC},
	} {
		t.Run(test.tried, func(t *testing.T) {
			path := func(place string) string { return filepath.Join(directory, place, "tool") }
			execution := shell("")
			execution.Execute = &protocol.Execute{Directory: "/", UID: user, GID: user}
			execution.Arguments, execution.Programs = []string{"tool"}, nil
			for _, place := range strings.Fields(test.tried) {
				execution.Programs = append(execution.Programs, Program{Path: path(place), Format: "of " + place})
			}
			w := startWalk(t, job{Execution: execution}, nil)
			if test.errno != 0 {
				fault := w.fails(protocol.CodeExec)
				format := strings.Contains(fault.Detail, "of "+test.told)
				if fault.Call != "execve" || fault.Object != path(test.told) || fault.Errno != test.errno || format != (test.errno == unix.ENOEXEC) {
					t.Errorf("the Fault is %+v; want %s: %v", fault, path(test.told), test.errno)
				}
				return
			}
			w.begin()
			if state := w.end(); !state.Success() || w.output.String() != path(test.told)+"\n" {
				t.Errorf("it ended with %v: %q; want %s", state, &w.output, path(test.told))
			}
		})
	}
}
