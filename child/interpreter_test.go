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
		"#!\t/bin/sh\t-e\n":            "/bin/sh",
		"#!/bin/sh\r\n":                "/bin/sh\r",
		"#!/bin/sh\v-e\n":              "/bin/sh\v-e",
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
	builder := rootfs.New()
	defer builder.Close()
	for line, says := range map[string]string{
		"#!/no/such/interpreter\n": "interpreter is missing: stat /no/such/interpreter: no such file or directory",
		"#!/bin/sh\r\n":            `interpreter is missing: stat /bin/sh\r: no such file or directory`,
	} {
		if err := os.WriteFile(script, []byte(line), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := interpretable(headOf(builder, script)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: the error is %v", line, err)
		}
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
