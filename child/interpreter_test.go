package child

import (
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/child/rootfs"
)

func TestInterpreterOf(t *testing.T) {
	for head, want := range map[string]string{
		"#!/bin/sh\n":                  "/bin/sh",
		"#! /usr/bin/env -S a b\nrest": "/usr/bin/env",
		"#!/no/end/of/line":            "",
		"#!\n":                         "",
		"":                             "",
		"text":                         "",
		elfMagic:                       "",
		elfMagic + strings.Repeat("\xff", headSize-len(elfMagic)): "",
	} {
		if got := interpreterOf([]byte(head)); got != want {
			t.Errorf("%.20q: got %q, want %q", head, got, want)
		}
	}
}

// For any program on this machine, the interpreter that the linker wrote is found.
func TestInterpreterOfPrograms(t *testing.T) {
	for _, name := range []string{"/bin/sh", "/bin/busybox", "/proc/self/exe"} {
		file, err := elf.Open(name)
		if err != nil {
			continue
		}
		want := ""
		for _, segment := range file.Progs {
			if segment.Type == elf.PT_INTERP {
				content := make([]byte, segment.Filesz)
				if _, err := segment.ReadAt(content, 0); err != nil {
					t.Fatal(err)
				}
				want = strings.TrimRight(string(content), "\x00")
			}
		}
		file.Close()
		head := make([]byte, headSize)
		program, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		size, err := program.ReadAt(head, 0)
		program.Close()
		if err != nil {
			t.Fatal(err)
		}
		if got := interpreterOf(head[:size]); got != want && !(got == "" && filepath.Base(name) == "exe") {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestMissingInterpreter(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/no/such/interpreter\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	builder := rootfs.New()
	defer builder.Close()
	if err := interpretable(headOf(builder, script)); err == nil || !strings.Contains(err.Error(), "interpreter is missing: stat /no/such/interpreter: no such file or directory") {
		t.Errorf("the error is %v", err)
	}
	for _, name := range []string{"/bin/sh", "/no/such/program", t.TempDir()} {
		if err := interpretable(headOf(builder, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzInterpreterOf(f *testing.F) {
	for _, name := range []string{"/bin/sh", "/bin/busybox", "/proc/self/exe"} {
		if content, err := os.ReadFile(name); err == nil {
			f.Add(content[:headSize])
		}
	}
	f.Add([]byte("#!/bin/sh -e\n"))
	f.Fuzz(func(t *testing.T, head []byte) {
		if name := interpreterOf(head); len(name) > len(head) {
			t.Errorf("%q is longer than what it comes from", name)
		}
	})
}
