package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/wrap"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/state"
)

// timedOutStatus is the exit status when the time is up, the same as timeout(1)'s.
const timedOutStatus = 124

func (w *wrapping) run(g *global, command []string) (int, error) {
	o, err := w.options(command)
	if err != nil {
		return 0, err
	}
	spec, err := wrap.Spec(o)
	if err != nil {
		return 0, err
	}
	options := parent.Options{StateRoot: g.root, ID: w.identity(), Stdio: standard, Handshake: g.handshake(&w.handshake)}
	options.KeepAffinity = true // as with any program that is started through taskset(1)
	// Users without a cgroup learn from --stats that they get none; here it is only logged.
	options.Warn = func(text string) { g.log.write("warning", oneLine(text), nil) }
	usage := &usage{began: time.Now()}
	var killed atomic.Bool
	var running *parent.Running
	ended, err := inForeground(true, func(console func(int) error) (started *parent.Running, err error) {
		options.OnConsole = console
		if running, err = runSpec(options, spec); err != nil {
			return nil, err
		}
		if w.time > 0 {
			time.AfterFunc(w.time, func() {
				killed.Store(true)
				_ = running.Signal(unix.SIGKILL) // it may have ended by itself
			})
		}
		return running, nil
	})
	if ended == nil {
		return 0, err
	}
	usage.ended(*ended, killed.Load())
	err = errors.Join(err, usage.measure(g.root, options.ID), running.Delete(), w.report(usage))
	if usage.TimedOut {
		g.fail(fmt.Errorf("%s: killed after %s (--time)", command[0], w.time))
	}
	return usage.ExitStatus, err
}

// runSpec runs a configuration without a bundle. Its file is needed only until the
// container has its own copy.
func runSpec(options parent.Options, spec *specs.Spec) (*parent.Running, error) {
	if _, err := state.Open(options.StateRoot); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(options.StateRoot, 0o700); err != nil {
		return nil, err
	}
	// The tilde keeps the directory from being mistaken for a container.
	directory, err := os.MkdirTemp(options.StateRoot, "wrap~")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(directory)
	content, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	configuration := filepath.Join(directory, bundle.ConfigName)
	if err := os.WriteFile(configuration, content, 0o600); err != nil {
		return nil, err
	}
	options.Bundle = directory
	running, err := parent.Run(options)
	if err != nil {
		return nil, inFlags(err, configuration)
	}
	return running, nil
}
