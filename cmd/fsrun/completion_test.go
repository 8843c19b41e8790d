package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/internal/cli/completion"
	"github.com/fsrun/fsrun/internal/cli/manual"
	"github.com/fsrun/fsrun/internal/harness"
)

// script writes the completion for a shell to a file.
func script(t *testing.T, shell string) string {
	t.Helper()
	content, err := completion.Script(shell, program(&global{}))
	must(t, err)
	name := filepath.Join(t.TempDir(), "completion")
	must(t, os.WriteFile(name, []byte(content), 0o644))
	return name
}

// Bash completes what is in the table: commands, flags, the values of flags, and
// containers, which a stand-in for fsrun lists here.
func TestBashCompletes(t *testing.T) {
	bash := harness.NeedProgram(t, "bash")
	name := script(t, "bash")
	for line, want := range map[string]string{
		"fsrun ":                       "wrap run exec create start kill",
		"fsrun re":                     "resume restore replay",
		"fsrun --log-format ":          "text json",
		"fsrun --log-format j":         "json",
		"fsrun --roo":                  "--root --rootless",
		"fsrun run --bun":              "--bundle",
		"fsrun run --log-format t":     "text",
		"fsrun --root /x delete --for": "--force",
		"fsrun delete ":                "web database",
		"fsrun delete -f w":            "web",
		"fsrun top --sort ":            "cpu memory pids id",
		"fsrun help tr":                "trace",
		"fsrun help dea":               "deadlines",
		"fsrun run --pid-file /":       "",
	} {
		command := exec.Command(bash, "--norc", "-c", `
fsrun() { echo web; echo database; }
complete() { :; }
source "$1"
read -ra COMP_WORDS <<< "$2"
[[ $2 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_fsrun
echo "${COMPREPLY[*]}"`, "bash", name, line)
		var stderr bytes.Buffer
		command.Stderr = &stderr
		output, err := command.Output()
		if err != nil || stderr.Len() > 0 {
			t.Fatalf("%q: %v: %s", line, err, stderr.String())
		}
		got := strings.TrimSpace(string(output))
		if got != want && !(line == "fsrun " && strings.HasPrefix(got, want)) {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

// Every shell's script contains every command and flag, and parses if the shell is
// installed.
func TestCompletionIsComplete(t *testing.T) {
	p := program(&global{})
	for _, shell := range completion.Shells() {
		name := script(t, shell)
		content, err := os.ReadFile(name)
		must(t, err)
		for _, command := range p.Commands() {
			if !strings.Contains(string(content), command.Name) {
				t.Errorf("%s: the command %s is missing", shell, command.Name)
			}
			for _, flag := range command.OwnFlags() {
				spelled := "--" + flag.Name
				if shell == "fish" {
					spelled = "-l " + flag.Name
				}
				if !strings.Contains(string(content), spelled) {
					t.Errorf("%s: the flag %s of %s is missing", shell, spelled, command.Name)
				}
			}
		}
		if path, err := exec.LookPath(shell); err == nil {
			if output, err := exec.Command(path, "-n", name).CombinedOutput(); err != nil {
				t.Errorf("%s -n: %v: %s", shell, err, output)
			}
		}
	}
	if _, err := completion.Script("csh", p); err == nil || !strings.Contains(err.Error(), "allowed: bash, fish, zsh") {
		t.Errorf("csh: %v", err)
	}
}

// Every manual page is formatted without warnings, and describes every flag.
func TestManualPages(t *testing.T) {
	groff := harness.NeedProgram(t, "groff")
	p := program(&global{})
	directory := t.TempDir()
	must(t, writeManual(p, directory))
	for _, command := range p.Commands() {
		name := filepath.Join(directory, manual.Name(p, command)+".8")
		formatted := exec.Command(groff, "-man", "-Tutf8", "-ww", "-P-cbou", name)
		var stderr bytes.Buffer
		formatted.Stderr = &stderr
		output, err := formatted.Output()
		if err != nil || stderr.Len() > 0 {
			t.Errorf("%s: %v: %s", name, err, stderr.String())
		}
		text := string(output)
		for _, flag := range command.OwnFlags() {
			if !strings.Contains(text, "--"+flag.Name) {
				t.Errorf("%s does not tell of --%s", name, flag.Name)
			}
		}
		for _, example := range command.Examples {
			if first := strings.Fields(example.Line)[0]; !strings.Contains(text, first) {
				t.Errorf("%s lacks the example %s", name, example.Line)
			}
		}
		if !strings.Contains(text, "EXIT STATUS") || !strings.Contains(text, "128+N") {
			t.Errorf("%s does not tell the exit statuses", name)
		}
	}
}
