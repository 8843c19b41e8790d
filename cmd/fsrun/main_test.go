package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/child"
	"github.com/fsrun/fsrun/child/first/left"
	childmachine "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/internal/harness/probe"
	"github.com/fsrun/fsrun/internal/harness/supervise"
	_ "github.com/fsrun/fsrun/internal/harness/watched"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// gate is the descriptor that a child inherits from a test that wants to stop it at its
// steps.
const gate = 3

// commandName is the name of the command itself, for scripts.
const commandName = "fsrun"

// The child's side of the test binary is observedChild, which needs this package's
// variables: they are initialized before any init function.
func init() {
	if os.Args[0] == protocol.ChildName {
		observedChild()
	}
}

// observedChild is the child. It stops at a gate that it has inherited, or has its frames
// tampered with.
func observedChild() {
	arguments := os.Args
	if len(arguments) > 2 { // it only starts the child
		child.Main(arguments, nil)
	}
	var observe func(machine.Step)
	if harness.IsGate(gate) && len(arguments) == 2 && arguments[1] != "3" {
		observe = haltUntilHandoff
	}
	a := readAsked()
	if a.Substitute != nil {
		a.Substitute.become()
	}
	if a.Meddling != nil {
		var err error
		if arguments, err = between(arguments, *a.Meddling); err != nil {
			fmt.Fprintln(os.Stderr, "between:", err)
			os.Exit(1)
		}
	}
	child.Main(arguments, observe)
}

func TestMain(m *testing.M) {
	if os.Args[0] == meddlerName {
		meddlerMain()
	}
	if os.Args[0] == supervise.LauncherName {
		supervise.Launch()
	}
	if os.Args[0] == harness.ProbePath {
		probe.Main()
	}
	if content := os.Getenv(requestVariable); content != "" {
		callerMain(content)
	}
	if what := os.Getenv(repeatVariable); what != "" {
		repeatMain(what)
	}
	if !left.ToProgram {
		panic("the child is not observed")
	}
	if filepath.Base(os.Args[0]) != commandName {
		if err := harness.Isolate(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	testscript.Main(m, map[string]func(){
		commandName: func() { os.Exit(run(os.Args[1:])) },
	})
}

// haltUntilHandoff stops the child at its gate as long as it is observed. Closing the
// gate's end says that it no longer is.
func haltUntilHandoff(step machine.Step) {
	harness.Halt(gate)(step)
	if step.Row != nil && step.Row.To == childmachine.Handoff {
		_ = unix.Close(gate)
	}
}
