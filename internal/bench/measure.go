package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// sample is what one action took.
type sample struct {
	wall time.Duration
	cpu  time.Duration // of all its processes
}

func (s sample) plus(other sample) sample {
	return sample{s.wall + other.wall, s.cpu + other.cpu}
}

// stage provides the standard descriptors for commands.
type stage struct {
	null   *os.File
	errors *os.File // what they print, in case they fail
}

func newStage(scratch *scratch) (*stage, error) {
	// Some runtimes give the standard descriptors to the program's user, and this machine's
	// null device is not theirs to give.
	name := filepath.Join(stateMount, "null")
	if err := unix.Mknod(name, unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, &os.PathError{Op: "mknod", Path: name, Err: err}
	}
	null, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	said, err := os.OpenFile(scratch.path("errors"), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	return &stage{null, said}, err
}

// started is a running command.
type started struct {
	words   []string
	begun   time.Time
	process *os.Process
}

func (s *stage) start(words []string) (*started, error) {
	begun := time.Now()
	process, err := os.StartProcess(words[0], words, &os.ProcAttr{Files: []*os.File{s.null, s.null, s.errors}, Env: os.Environ()})
	return &started{words, begun, process}, err
}

// wait waits for a command to end. The CPU time is its own and that of processes that it
// waited for.
func (s *stage) wait(command *started) (sample, error) {
	state, err := command.process.Wait()
	wall := time.Since(command.begun)
	if err != nil {
		return sample{}, err
	}
	if !state.Success() {
		return sample{}, fmt.Errorf("%s: %s: %s", strings.Join(command.words, " "), state, s.said())
	}
	return sample{wall, state.UserTime() + state.SystemTime()}, nil
}

// said returns the end of what commands have written to standard error.
func (s *stage) said() string {
	content := make([]byte, 4096)
	info, err := s.errors.Stat()
	if err != nil {
		return err.Error()
	}
	count, _ := s.errors.ReadAt(content, max(0, info.Size()-int64(len(content))))
	return string(bytes.TrimSpace(content[:count]))
}

// do runs a command to its end.
func (s *stage) do(words []string) (sample, error) {
	command, err := s.start(words)
	if err != nil {
		return sample{}, err
	}
	return s.wait(command)
}
