package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/privatecgroup2"
)

// isolateArgument makes this program run a command in a mount namespace of its own, with a
// pure cgroup v2 tree and with no signal ignored.
const isolateArgument = "-with-private-cgroup2"

// isolated prefixes a command so that runIsolated runs it.
func isolated(command ...string) ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return append([]string{self, isolateArgument}, command...), nil
}

// runIsolated executes the command. It returns only on failure.
func runIsolated(command []string) error {
	if len(command) == 0 {
		return errors.New(isolateArgument + " wants a command")
	}
	program, err := exec.LookPath(command[0])
	if err != nil {
		return err
	}
	if err := privatecgroup2.Enter(); err != nil {
		return err
	}
	// A signal that is caught has its default action again after execve. So tests start the
	// same way, whether a terminal, nohup or a shell's & started this.
	signal.Notify(make(chan os.Signal, 1))
	return fmt.Errorf("%s: %w", program, unix.Exec(program, command, os.Environ()))
}
