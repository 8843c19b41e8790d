// Embed runs a bundle by the library, without the fsrun command:
//
//	go run ./examples/embed BUNDLE
//
// It tells which states the parent's machine went through, and how the program
// ended. A start that fails says where and why in fields.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	_ "github.com/fsrun/fsrun/child/first" // this binary is the child, too
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: embed BUNDLE")
		os.Exit(2)
	}
	root, err := state.Root()
	status := 0
	if err == nil {
		status, err = runBundle(root, os.Args[1], os.Stderr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1)
	}
	os.Exit(status)
}

// runBundle runs a bundle's program to its end and removes the container, whose
// state is kept in root meanwhile. It returns the program's exit status, or 128 and the signal that killed it.
func runBundle(root, bundle string, log io.Writer) (int, error) {
	id := fmt.Sprintf("embed-%d", os.Getpid())
	running, err := parent.Run(parent.Options{
		StateRoot: root,
		ID:        id,
		Bundle:    bundle,
		Stdio:     [3]int{0, 1, 2},
		Handshake: parent.Handshake{Observe: func(step machine.Step) {
			if step.Row != nil {
				fmt.Fprintln(log, step.Row.To)
			}
		}},
	})
	if fault := (*protocol.Fault)(nil); errors.As(err, &fault) {
		return 0, fmt.Errorf("code %v in %s of config.json: %w", fault.Code, fault.Path, err)
	}
	if err != nil {
		return 0, err // refused before anything was created
	}
	status, err := running.Wait()
	if err := errors.Join(err, running.Delete()); err != nil {
		return 0, err
	}
	if status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return status.ExitStatus(), nil
}
