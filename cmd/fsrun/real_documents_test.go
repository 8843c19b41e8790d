package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
)

// withoutLimits are the documents whose commands need no controller.
var withoutLimits = []string{"protocol.md", "tracing.md", "install.md"}

// The blocks marked console in a document form one session: each command is run, and its
// output must be what is shown after it. An ellipsis stands for anything on a line, or
// alone on a line for any lines. A command must fail if an error of fsrun's is shown, and
// only then.
func TestDocumentedCommands(t *testing.T) {
	tested := 0
	for _, path := range documents(t) {
		session := consoleCommands(t, path)
		if len(session) == 0 {
			continue
		}
		tested++
		t.Run(filepath.Base(path), func(t *testing.T) {
			harness.Need(t, harness.Container...)
			if !slices.Contains(withoutLimits, filepath.Base(path)) {
				harness.Need(t, harness.Controller("pids"), harness.Controller("memory"))
			}
			runSession(t, session)
		})
	}
	if tested < 3 {
		t.Errorf("%d documents have commands", tested)
	}
}

func documents(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("../../docs/*.md")
	must(t, err)
	if len(found) == 0 {
		t.Fatal("no documents")
	}
	return append(found, "../../README.md")
}

// shownCommand is a command and the output that is shown.
type shownCommand struct{ line, output string }

// fails reports whether an error is shown.
func (c shownCommand) fails() bool {
	return strings.HasPrefix(c.output, "fsrun: ") || strings.Contains(c.output, "\nfsrun: ")
}

func (c shownCommand) pattern() *regexp.Regexp {
	var pattern strings.Builder
	for line := range strings.Lines(c.output) {
		if line == "…\n" {
			pattern.WriteString(`(?:[^\n]*\n)*?`)
			continue
		}
		pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), "…", `[^\n]*`))
	}
	return regexp.MustCompile(`\A` + pattern.String() + `\z`)
}

func consoleCommands(t *testing.T, path string) []shownCommand {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	var all []shownCommand
	for _, block := range regexp.MustCompile("(?ms)^```console\n(.*?)^```$").FindAllStringSubmatch(string(content), -1) {
		for line := range strings.Lines(block[1]) {
			if command, found := strings.CutPrefix(line, "$ "); found {
				all = append(all, shownCommand{line: strings.TrimSpace(command)})
			} else if len(all) == 0 {
				t.Fatalf("%s: a console block begins with output: %q", path, line)
			} else {
				all[len(all)-1].output += line
			}
		}
	}
	return all
}

// separator separates the outputs of two commands.
const separator = "\x1e"

// runSession passes all commands to one shell, in a new directory and with a new state
// directory.
func runSession(t *testing.T, session []shownCommand) {
	directory := harness.Directory(t)
	binaries, state := filepath.Join(directory, "bin"), filepath.Join(directory, "state")
	must(t, os.Mkdir(binaries, 0o755))
	self, err := os.Executable()
	must(t, err)
	must(t, os.Symlink(self, filepath.Join(binaries, commandName)))
	t.Cleanup(func() {
		left, _, err := parent.List(state)
		must(t, err)
		for _, container := range left {
			t.Errorf("%s is left", container.ID)
			must(t, parent.Delete(state, container.ID, true))
		}
	})
	script := fmt.Sprintf("fsrun() { %s/fsrun --root %s \"$@\"; }\n", binaries, state)
	for _, command := range session {
		script += command.line + "\nprintf '" + `\036` + "%s\\n' $?\n"
	}
	// A file: a container that continues would keep a pipe open.
	said, err := os.Create(filepath.Join(directory, "said"))
	must(t, err)
	defer said.Close()
	work := filepath.Join(directory, "work")
	must(t, os.Mkdir(work, 0o755))
	shell := exec.Command("sh", "-c", script)
	shell.Dir, shell.Stdout, shell.Stderr = work, said, said
	must(t, shell.Run())
	content, err := os.ReadFile(said.Name())
	must(t, err)
	rest := string(content)
	for _, command := range session {
		output, after, found := strings.Cut(rest, separator)
		status, remaining, _ := strings.Cut(after, "\n")
		if !found {
			t.Fatalf("$ %s\nended the session: %s", command.line, output)
		}
		rest = remaining
		if !command.pattern().MatchString(output) {
			t.Errorf("$ %s\nshown:\n%s\ncame:\n%s", command.line, command.output, output)
		}
		if (status != "0") != command.fails() {
			t.Errorf("$ %s\nends with status %s:\n%s", command.line, status, output)
		}
	}
}
