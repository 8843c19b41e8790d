package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/internal/harness/probe"
	"github.com/fsrun/fsrun/parent"
)

// container is a container made by a test: its options, and what it has written.
type container struct {
	parent.Options
	t              *testing.T
	input          *os.File
	stdout, stderr output
}

// newContainer makes a bundle. When the test ends, the container is deleted and the host
// must be as it was before.
func newContainer(t *testing.T, edits ...harness.Edit) *container {
	t.Helper()
	harness.Need(t, harness.Container...)
	return newContainerOf(t, harness.Bundle(t, edits...))
}

// newContainerOf uses an existing bundle.
func newContainerOf(t *testing.T, bundle string) *container {
	t.Helper()
	harness.Need(t, harness.Container...)
	c := &container{t: t}
	c.StateRoot, c.ID, c.Bundle = t.TempDir(), harness.ID(t), bundle
	c.Warn = func(text string) { t.Log("warning:", text) }
	snapshot := harness.Watch(t, c.StateRoot)
	t.Cleanup(func() {
		if err := parent.Delete(c.StateRoot, c.ID, true); err != nil {
			t.Error("delete --force:", err)
		}
		c.stdout.end()
		c.stderr.end()
		snapshot.Settled()
	})
	return c
}

// output is what a container writes to one of its descriptors.
type output struct {
	bytes.Buffer
	write *os.File
	done  chan struct{}
}

func (o *output) begin(t *testing.T) int {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	o.write, o.done = write, done
	t.Cleanup(func() { write.Close() }) // if nobody has waited for the end
	go func() {
		defer close(done) // and not o.done, which begin replaces when it is called again
		defer read.Close()
		_, _ = io.Copy(&o.Buffer, read)
	}()
	return int(write.Fd())
}

// end waits until nobody can write any more.
func (o *output) end() {
	if o.write != nil {
		o.write.Close()
		<-o.done
		o.write = nil
	}
}

// connect gives the container pipes.
func (c *container) connect() {
	c.t.Helper()
	if c.input == nil {
		null, err := os.Open(os.DevNull)
		if err != nil {
			c.t.Fatal(err)
		}
		c.t.Cleanup(func() { null.Close() })
		c.input = null
	}
	c.Stdio = [3]int{int(c.input.Fd()), c.stdout.begin(c.t), c.stderr.begin(c.t)}
}

// run runs the container to its end.
func (c *container) run() unix.WaitStatus {
	c.t.Helper()
	c.connect()
	running, err := parent.Run(c.Options)
	if err != nil {
		c.t.Fatalf("run: %v", err)
	}
	return c.wait(running)
}

func (c *container) wait(running *parent.Running) unix.WaitStatus {
	c.t.Helper()
	status, err := running.Wait()
	if err != nil {
		c.t.Fatalf("wait: %v", err)
	}
	c.stdout.end()
	c.stderr.end()
	return status
}

// succeed runs the container, whose program must succeed, and returns what it wrote.
func (c *container) succeed() string {
	c.t.Helper()
	if status := c.run(); !status.Exited() || status.ExitStatus() != 0 {
		c.t.Fatalf("the program ended with %#x: %s%s", status, c.stdout.String(), c.stderr.String())
	}
	return strings.TrimSuffix(c.stdout.String(), "\n")
}

// refuse runs the container, which must fail, and returns the error.
func (c *container) refuse() error {
	c.t.Helper()
	c.connect()
	running, err := parent.Run(c.Options)
	if err == nil {
		_, _ = running.Terminate()
		c.t.Fatal("the container ran")
	}
	return err
}

// start creates and starts the container, which continues while the test does.
func (c *container) start() {
	c.t.Helper()
	c.create()
	if err := parent.Start(c.StateRoot, c.ID, parent.Handshake{}); err != nil {
		c.t.Fatalf("start: %v", err)
	}
}

// exec makes a process join the container, which must succeed, and returns what it wrote.
func (c *container) exec(process *specs.Process) string {
	c.t.Helper()
	joined := &container{t: c.t}
	joined.connect()
	running, err := parent.Exec(parent.ExecOptions{StateRoot: c.StateRoot, ID: c.ID, Process: process, Stdio: joined.Stdio})
	if err != nil {
		c.t.Fatalf("exec: %v", err)
	}
	if status := joined.wait(running); !status.Exited() || status.ExitStatus() != 0 {
		c.t.Fatalf("the process ended with %#x: %s%s", status, joined.stdout.String(), joined.stderr.String())
	}
	return strings.TrimSuffix(joined.stdout.String(), "\n")
}

func (c *container) create() {
	c.t.Helper()
	c.connect()
	if _, err := parent.Create(c.Options); err != nil {
		c.t.Fatalf("create: %v", err)
	}
}

// probe runs a container whose program is the probe, and returns its report.
func (c *container) probe() *probe.Report {
	c.t.Helper()
	return parseReport(c.t, c.succeed())
}

func parseReport(t *testing.T, text string) *probe.Report {
	t.Helper()
	report := new(probe.Report)
	if err := json.Unmarshal([]byte(text), report); err != nil {
		t.Fatalf("the probe's report: %v\n%s", err, text)
	}
	return report
}
