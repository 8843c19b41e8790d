package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/internal/harness/supervise"
	"github.com/fsrun/fsrun/parent"
)

// mishap is something that goes wrong for people, brought about for real.
type mishap struct {
	name string
	// edit modifies the bundle, whose program is /bin/true.
	edit harness.Edit
	// before makes what must exist, and undoes it with t.Cleanup.
	before func(*scene)
	// line is the command line after the global flags, "run" if empty.
	line []string
	// as modifies how fsrun is executed.
	as func(*scene, *exec.Cmd)
	// blocked is a system call that fails for fsrun, 0 for none. answer is its error
	// number, by default EPERM.
	blocked uint32
	answer  unix.Errno
	// needs are in addition to what every container needs.
	needs []harness.Feature
	// native is why this can only be seen on this host, "" if it can be seen elsewhere.
	native string
}

// scene is where a mishap happens. In the command line, BUNDLE, ID and PLACE stand for its
// fields.
type scene struct {
	*testing.T
	bundle, rootfs, root, id string
	place                    string // a directory that is removed afterwards
}

const failuresGolden = "testdata/failures.txt"

// A failure is reported in one line that names the place and the remedy, and as a JSON
// object with everything else that is known. The golden file has both, as people see them.
//
// SPEC: M-EXE-4
func TestFailuresAreExplained(t *testing.T) {
	harness.Need(t, harness.Container...)
	want := readSections(t, failuresGolden)
	var names []string
	for _, mishap := range mishaps {
		names = append(names, mishap.name)
		t.Run(mishap.name, func(t *testing.T) {
			harness.Need(t, mishap.needs...)
			if mishap.native != "" {
				harness.NativeOnly(t, mishap.native)
			}
			got := mishap.happen(t)
			if *update {
				want[mishap.name] = got
			} else if diff := gocmp.Diff(want[mishap.name], got); diff != "" {
				t.Errorf("(-want +got):\n%s\ngot, whole:\n%s", diff, got)
			}
		})
	}
	if *update {
		writeSections(t, failuresGolden, names, want)
	}
}

// happen makes it happen, and returns what people and programs see.
func (m *mishap) happen(t *testing.T) string {
	if m.edit == nil {
		m.edit = func(*specs.Spec) {}
	}
	s := &scene{T: t, bundle: harness.Bundle(t, harness.Args("/bin/true"), m.edit), id: harness.ID(t), place: harness.Directory(t)}
	s.rootfs, s.root = filepath.Join(s.bundle, "rootfs"), filepath.Join(s.place, "state")
	snapshot := harness.Watch(t)
	t.Cleanup(func() {
		if err := parent.Delete(s.root, s.id, true); err != nil {
			t.Error(err)
		}
		snapshot.Settled()
	})
	if m.before != nil {
		m.before(s)
	}
	line := m.line
	if line == nil {
		line = []string{"run", "--bundle", "BUNDLE", "ID"}
	}
	log := filepath.Join(s.place, "log")
	command := s.fsrun(append([]string{"--log", log, "--log-format", "json"}, line...)...)
	var stderr bytes.Buffer
	command.Stdout, command.Stderr = nil, &stderr
	if m.as != nil {
		m.as(s, command)
	}
	var err error
	if m.blocked == 0 {
		err = command.Run()
	} else {
		supervise.Blocked(t, m.blocked, cmp.Or(m.answer, unix.EPERM), func() { err = command.Run() })
	}
	var ended *exec.ExitError
	if !errors.As(err, &ended) {
		t.Fatalf("it did not fail: %v\n%s", err, stderr.String())
	}
	return fmt.Sprintf("$ fsrun %s\n%sexit status %d\n%s", strings.Join(line, " "), s.neutral(stderr.String()), ended.ExitCode(), s.neutral(s.lastError(log)))
}

// fsrun returns the command itself, which this test binary is under that name.
func (s *scene) fsrun(arguments ...string) *exec.Cmd {
	s.Helper()
	self, err := os.Executable()
	must(s.T, err)
	for i := range arguments {
		arguments[i] = strings.NewReplacer("BUNDLE", s.bundle, "PLACE", s.place).Replace(arguments[i])
		if arguments[i] == "ID" {
			arguments[i] = s.id
		}
	}
	command := exec.Command(self)
	command.Args = append([]string{commandName, "--root", s.root}, arguments...)
	command.Dir = "/"
	return command
}

// do runs an fsrun command that must succeed, and discards its output.
func (s *scene) do(arguments ...string) {
	s.Helper()
	output, err := os.CreateTemp(s.TempDir(), "")
	must(s.T, err)
	defer output.Close()
	command := s.fsrun(arguments...)
	command.Stdout, command.Stderr = output, output
	if err := command.Run(); err != nil {
		content, _ := os.ReadFile(output.Name())
		s.Fatalf("fsrun %v: %v: %s", arguments, err, content)
	}
}

// lastError returns the last line of the log, without its time, with each member on a line.
func (s *scene) lastError(log string) string {
	s.Helper()
	content, err := os.ReadFile(log)
	must(s.T, err)
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	var line struct {
		Level   string          `json:"level"`
		Message string          `json:"msg"`
		Fault   json.RawMessage `json:"fault,omitempty"`
	}
	must(s.T, json.Unmarshal([]byte(lines[len(lines)-1]), &line))
	if line.Level != "error" {
		return fmt.Sprintf("logged as a %s: %s\n", line.Level, line.Message)
	}
	if line.Fault == nil {
		return ""
	}
	var indented bytes.Buffer
	must(s.T, json.Indent(&indented, line.Fault, "", "  "))
	return indented.String() + "\n"
}

// varying is what differs from run to run, and its replacement.
var varying = []struct {
	pattern *regexp.Regexp
	stands  string
}{
	{regexp.MustCompile(`pid \d+`), "pid N"},
	{regexp.MustCompile(`"(memory_peak_bytes|memory_events_max|pids_peak)": \d+`), `"$1": N`},
	{regexp.MustCompile(`had used [0-9.]+( KiB|K)`), "had used N$1"},
	{regexp.MustCompile(`fsrun-test-\d+`), "SLICE"},
	{regexp.MustCompile(`SLICE/test-\d+-\d+`), "SLICE/NAME"},
	{regexp.MustCompile(`/proc/self/fd/\d+`), "/proc/self/fd/N"},
}

// neutral replaces what differs from run to run.
func (s *scene) neutral(text string) string {
	text = strings.NewReplacer(s.bundle, "BUNDLE", s.place, "PLACE", s.id, "ID").Replace(text)
	for _, one := range varying {
		text = one.pattern.ReplaceAllString(text, one.stands)
	}
	return text
}

const sectionMark = "=== "

func readSections(t *testing.T, name string) map[string]string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil && !(*update && errors.Is(err, os.ErrNotExist)) {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, section := range strings.Split("\n"+string(content), "\n"+sectionMark)[1:] {
		title, body, _ := strings.Cut(section, "\n")
		sections[title] = strings.TrimRight(body, "\n") + "\n"
	}
	return sections
}

func writeSections(t *testing.T, file string, names []string, sections map[string]string) {
	t.Helper()
	var content strings.Builder
	for i, name := range names {
		if i > 0 {
			content.WriteByte('\n')
		}
		content.WriteString(sectionMark + name + "\n" + sections[name])
	}
	must(t, os.WriteFile(file, []byte(content.String()), 0o644))
}
