package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/internal/model"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// requestVariable holds a request as JSON. It makes the test binary a caller of the library
// in a process of its own, which can be killed or traced.
const requestVariable = "FSRUN_TEST_REQUEST"

// callerGate is the caller's own gate; the child's is gate.
const callerGate = 4

// request is what a caller is to do.
type request struct {
	Verb, StateRoot, ID, Bundle string
	Process                     *specs.Process // for exec
	Gated                       bool           // stop the caller at each step; the child too, through PreservedFDs
	Asked                       bool           // the child inherits what a test asks of it
	Modelled                    bool           // compare what the parent's machine did with the model
	Deadline                    time.Duration  // for each wait of either side, if not 0
}

// newCaller returns the command of a caller.
func newCaller(t *testing.T, r request) *exec.Cmd {
	t.Helper()
	content, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(self)
	command.Env = append(os.Environ(), requestVariable+"="+string(content))
	return command
}

// callerMain does what the request says. Its exit status is the program's; it prints a
// failure and where it happened.
func callerMain(content string) {
	var r request
	if err := json.Unmarshal([]byte(content), &r); err != nil {
		fmt.Fprintln(os.Stderr, "request:", err)
		os.Exit(2)
	}
	var steps recorder
	status, err := r.perform(&steps)
	if r.Modelled {
		if err := model.Path("parent", steps); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		if fault := (*protocol.Fault)(nil); errors.As(err, &fault) {
			fmt.Fprintf(os.Stderr, "at: %s in state %s\n", fault.Machine, fault.State)
		}
		os.Exit(1)
	}
	if status.Signaled() {
		os.Exit(128 + int(status.Signal()))
	}
	os.Exit(status.ExitStatus())
}

func (r *request) perform(steps *recorder) (unix.WaitStatus, error) {
	options := parent.Options{StateRoot: r.StateRoot, ID: r.ID, Bundle: r.Bundle, Stdio: [3]int{0, 1, 2}}
	if r.Gated {
		options.Observe = harness.Halt(callerGate)
		options.PreservedFDs = gate - 2
	}
	if r.Modelled {
		options.Observe = steps.observe
	}
	if r.Asked {
		options.PreservedFDs = askedDescriptor - 2
	}
	if r.Deadline != 0 {
		options.Deadlines = map[machine.State]time.Duration{}
		for _, wait := range waits() {
			options.Deadlines[wait.State] = r.Deadline
		}
	}
	var running *parent.Running
	var err error
	switch r.Verb {
	case "run":
		running, err = parent.Run(options)
	case "create":
		_, err = parent.Create(options)
	case "delete":
		err = parent.Delete(r.StateRoot, r.ID, true)
	case "start":
		err = parent.Start(r.StateRoot, r.ID, options.Handshake)
	case "exec":
		running, err = parent.Exec(parent.ExecOptions{
			StateRoot: r.StateRoot, ID: r.ID, Process: r.Process, PreservedFDs: options.PreservedFDs,
			Stdio: options.Stdio, Handshake: options.Handshake,
		})
	}
	if err != nil || running == nil {
		return 0, err
	}
	return running.Wait()
}
