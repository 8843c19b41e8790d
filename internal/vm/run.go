package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"time"

	"github.com/fsrun/fsrun/internal/vm/debian"
	"github.com/fsrun/fsrun/internal/vm/wire"
)

// guestGrace is how many seconds later than this process the guest itself gives up. It
// matters only if this process is gone.
const guestGrace = 60

// run does what the options ask and returns the exit status.
func run(ctx context.Context, o options) (int, error) {
	if goruntime.GOARCH != "amd64" {
		return 0, fmt.Errorf("the guest is made for amd64 only, this machine is %s", goruntime.GOARCH)
	}
	scratch, err := os.MkdirTemp("", "fsrun-vm-")
	if err != nil {
		return 0, err
	}
	progress := newProgress(o.verbose)
	if o.keep {
		defer fmt.Fprintln(os.Stderr, "vm: kept", scratch)
	} else {
		defer os.RemoveAll(scratch)
	}
	cacheDirectory, err := os.UserCacheDir()
	if err != nil {
		return 0, fmt.Errorf("nowhere to keep the kernel: %w", err)
	}
	cache := &debian.Cache{Directory: filepath.Join(cacheDirectory, "fsrun"), Progress: progress.say}
	if err := ensureQEMU(ctx, cache); err != nil {
		return 0, err
	}
	guest := &guest{cache: cache, scratch: scratch}
	var results verdict = &commandResult{progress: progress}
	packages, err := listPackages(ctx, o.packages)
	if err != nil {
		return 0, err
	}
	if len(o.packages) > 0 && len(packages) == 0 {
		return 0, fmt.Errorf("no package of %s has a test", strings.Join(o.packages, " "))
	}
	runtimeError := guest.addRuntime(ctx)
	if runtimeError != nil {
		progress.say("the guest has no /bin/fsrun: %v", runtimeError)
	}
	if len(packages) > 0 {
		var unbuilt []buildFailure
		if packages, unbuilt, err = guest.addPackages(ctx, o, packages); err != nil {
			return 0, err
		}
		if runtimeError != nil {
			unbuilt = append(unbuilt, buildFailure{"cmd/fsrun", runtimeError})
		}
		results = newTestResults(ctx, o, packages, unbuilt, progress)
	}
	machine, err := guest.assemble(ctx, o)
	if err != nil {
		return 0, err
	}
	if machine.accelerator, err = chooseAccelerator(ctx, o.accelerator, scratch); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.timeout, errors.New("the guest did not end in time (-timeout)"))
	defer cancel()
	progress.say("booting (%s)", machine.accelerator.accel)
	err = machine.boot(ctx, func(report io.Reader) error {
		return readReport(report, len(guest.manifest.Units), results)
	})
	return results.close(err)
}

// assemble completes the guest's file system and returns the machine to boot it on.
func (g *guest) assemble(ctx context.Context, o options) (machine, error) {
	g.manifest.Shell = o.shell
	if !o.shell {
		g.manifest.DeadlineSeconds = int(o.timeout.Seconds()) + guestGrace
	}
	directory, name, err := moduleOf(ctx)
	if err != nil {
		return machine{}, err
	}
	kernel, err := g.addKernel(ctx)
	if err != nil {
		return machine{}, err
	}
	var disk string
	steps := []func() error{
		func() (err error) {
			if o.hasDisk() {
				disk, err = g.addDisk(ctx, o)
				return err
			}
			return g.addSystem(ctx)
		},
		func() error { return g.addModule(ctx, directory, name) },
		func() error { return g.addFiles(o.files) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return machine{}, err
		}
	}
	if len(o.command) > 0 {
		g.manifest.Units = []wire.Unit{{
			Name:           strings.Join(o.command, " "),
			Directory:      "/root",
			Command:        o.command,
			Environment:    o.environment,
			TimeoutSeconds: int(o.unitTimeout.Seconds()),
		}}
	}
	archive := filepath.Join(g.scratch, "initramfs.cpio")
	if err := g.write(archive); err != nil {
		return machine{}, err
	}
	return machine{
		memory:      o.memory,
		processors:  o.processors,
		kernel:      kernel,
		initrd:      archive,
		disk:        disk,
		append:      o.append,
		consoleLog:  filepath.Join(g.scratch, "console.log"),
		interactive: o.shell,
	}, nil
}

// progress shows people what is happening.
type progress struct {
	begin   time.Time
	verbose bool
}

func newProgress(verbose bool) *progress {
	return &progress{begin: time.Now(), verbose: verbose}
}

// say writes a line to standard error, with the time since the start.
func (p *progress) say(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "vm: %5.1fs %s\n", time.Since(p.begin).Seconds(), fmt.Sprintf(format, arguments...))
}
