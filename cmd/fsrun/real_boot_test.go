package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/internal/sys/slack"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/state"
)

// TestBootLeavesNothing: what package boot sets up before the Go runtime begins is for that
// alone; neither the container's program nor a hook nor the child inherits it.
func TestBootLeavesNothing(t *testing.T) {
	harness.NativeOnly(t, "the guest has no Go to build the binary with")
	ordinary := slackOf(t, fmt.Sprint(os.Getpid()))
	place := t.TempDir()
	hook := shellHook("cat /proc/$$/timerslack_ns > " + place + "/slack")
	c := newContainer(t, harness.Args("/bin/sleep", "1000"), withHook("createRuntime", hook))
	program := buildFsrun(t)
	for _, words := range [][]string{{"create", "--bundle", c.Bundle, c.ID}, {"start", c.ID}} {
		command := exec.Command(program, append([]string{"--root", c.StateRoot}, words...)...)
		command.Stderr = errorFile(t) // not a pipe, which the container would keep open
		if err := command.Run(); err != nil {
			t.Fatalf("%v: %v\n%s", words, err, written(t, command.Stderr))
		}
		// The container's process: first the child, then its program.
		equal(t, "the slack after "+words[0], ordinary, slackOf(t, fmt.Sprint(initOf(t, c))))
	}
	waitForStatus(c, state.Running)
	slack, err := os.ReadFile(place + "/slack")
	must(t, err)
	equal(t, "the hook's slack", ordinary, strings.TrimSpace(string(slack)))
}

// slackOf returns the timer slack of a process or thread, in nanoseconds.
func slackOf(t *testing.T, id string) string {
	t.Helper()
	content, err := os.ReadFile("/proc/" + id + "/timerslack_ns")
	must(t, err)
	return strings.TrimSpace(string(content))
}

// TestBootIsTaken: a foreground run began at the entry: its code is completely mapped, its
// main thread has the caller's slack again, and another thread has the monitor's.
func TestBootIsTaken(t *testing.T) {
	harness.NativeOnly(t, "the guest has no Go to build the binary with")
	c := newContainer(t, harness.Args("/bin/sleep", "1000"))
	command := exec.Command(buildFsrun(t), "--root", c.StateRoot, "run", "--bundle", c.Bundle, c.ID)
	must(t, command.Start())
	defer func() {
		must(t, parent.Kill(c.StateRoot, c.ID, unix.SIGKILL, false))
		_ = command.Wait() // its status says that the program was killed
	}()
	waitForStatus(c, state.Running)
	pid := command.Process.Pid
	if missing := notMapped(t, pid); missing > 0 {
		t.Errorf("%d KiB of the parent's code are not mapped", missing)
	}
	equal(t, "the main thread's slack", slackOf(t, fmt.Sprint(os.Getpid())), slackOf(t, fmt.Sprint(pid)))
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	must(t, err)
	isSlow := func(task string) bool {
		return slackOf(t, filepath.Base(task)) == fmt.Sprint(slack.Monitor.Nanoseconds())
	}
	if !slices.ContainsFunc(tasks, isSlow) {
		t.Errorf("none of %d threads has the monitor's slack", len(tasks))
	}
}

// notMapped returns how much of a process's code is not mapped, in KiB.
func notMapped(t *testing.T, pid int) (missing int) {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps", pid))
	must(t, err)
	_, code, found := strings.Cut(string(content), " r-xp ")
	if !found {
		t.Fatalf("no code in\n%s", content)
	}
	var size, resident int
	for line := range strings.Lines(code) {
		if _, err := fmt.Sscanf(line, "Size: %d kB", &size); err == nil {
			continue
		}
		if _, err := fmt.Sscanf(line, "Rss: %d kB", &resident); err == nil {
			return size - resident
		}
	}
	t.Fatal("no size of the code")
	return 0
}

// TestBootKeepsTheCaller: the entry moves arguments and environment before anybody reads
// them, and adds a variable that is removed again.
func TestBootKeepsTheCaller(t *testing.T) {
	harness.NativeOnly(t, "the guest has no Go to build the binary with")
	harness.Need(t, harness.Container...)
	program := buildFsrun(t)
	var many []string
	for i := range 2000 {
		many = append(many, fmt.Sprintf("VARIABLE_%d=%d", i, i))
	}
	for name, environment := range map[string][]string{
		"empty":    {},
		"one":      {"A=1"},
		"two":      {"A=1", "B="},
		"many":     many,
		"its own":  {"GOMAXPROCS=3", "A=1"},
		"no value": {"GOMAXPROCS=", "A=1"},
	} {
		t.Run(name, func(t *testing.T) {
			for count := range 3 { // this changes the stack's alignment
				arguments := slices.Repeat([]string{"an argument"}, count)
				words := []string{"--root", t.TempDir(), "wrap", "--", "/bin/sh", "-c", `tr '\0' '\n' < /proc/$$/environ; echo "$# arguments"`, "sh"}
				command := exec.Command(program, append(words, arguments...)...)
				command.Env = environment
				output, err := command.CombinedOutput()
				if err != nil {
					t.Fatalf("%v\n%s", err, output)
				}
				lines := strings.Split(string(output), "\n")
				for _, want := range append(environment, fmt.Sprintf("%d arguments", count)) {
					if !slices.Contains(lines, want) {
						t.Errorf("%q is not there: %.300s", want, output)
					}
				}
				if got, want := strings.Count(string(output), "GOMAXPROCS"), strings.Count(strings.Join(environment, " "), "GOMAXPROCS"); got != want {
					t.Errorf("the program has %d of the variable, want %d", got, want)
				}
			}
		})
	}
}
