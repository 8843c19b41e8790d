package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// maxErrorBytes is how much of the end of a failed command's output an error contains.
const maxErrorBytes = 64 << 10

// static is added to the environment of builds for users.
var static = []string{"CGO_ENABLED=0"}

// output runs a command in a directory, "" for the module's root, and returns its standard
// output, even if it fails. The error then contains everything it printed.
func output(ctx context.Context, directory string, environment []string, name string, arguments ...string) (string, error) {
	return outputTo(ctx, io.Discard, directory, environment, name, arguments...)
}

// outputTo is output that also shows what is printed.
func outputTo(ctx context.Context, shown io.Writer, directory string, environment []string, name string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir = directory
	command.Env = append(os.Environ(), environment...)
	var said bytes.Buffer
	var all transcript
	command.Stdout = io.MultiWriter(&said, &all, shown)
	command.Stderr = &all
	if err := command.Run(); err != nil {
		text := all.text.String()
		if excess := len(text) - maxErrorBytes; excess > 0 {
			text = "…" + text[excess:]
		}
		return said.String(), fmt.Errorf("%s %s: %w\n%s", name, strings.Join(arguments, " "), err, text)
	}
	return said.String(), nil
}

// transcript collects a command's standard output and error, which are copied concurrently.
type transcript struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (t *transcript) Write(written []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.text.Write(written)
}

// lines calls say for each complete line written to it.
type lines struct {
	say  func(line string)
	rest []byte
}

func (l *lines) Write(written []byte) (int, error) {
	l.rest = append(l.rest, written...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			return len(written), nil
		}
		l.say(string(line))
		l.rest = rest
	}
}
