package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/fsrun/fsrun/internal/vm/wire"
	"golang.org/x/sys/unix"
)

func main() {
	if os.Getpid() != 1 {
		if len(os.Args) != 2 || os.Args[1] != wire.WorkerArgument {
			fmt.Fprintln(os.Stderr, "guestinit: this program is the init of the guest that go run ./internal/vm boots")
			os.Exit(2)
		}
		work()
		return
	}
	if err := initialize(); err != nil {
		reportFailure(err)
	}
	powerOff()
}

// initialize is process 1. It returns when everything is done, or never if systemd takes
// its place.
func initialize() error {
	manifest, err := readManifest()
	if err != nil {
		return err
	}
	if err := leaveInitialRoot(manifest); err != nil {
		return err
	}
	if manifest.Systemd {
		// systemd mounts everything itself.
		return fmt.Errorf("execute %s: %w", wire.SystemdPath, unix.Exec(wire.SystemdPath, []string{wire.SystemdPath}, environment))
	}
	if err := mountAll(); err != nil {
		return err
	}
	powerOffAt(manifest.DeadlineSeconds)
	worker := exec.Command("/proc/self/exe", wire.WorkerArgument)
	worker.Stdin, worker.Stdout, worker.Stderr = os.Stdin, os.Stdout, os.Stderr
	worker.Env = environment
	if err := worker.Start(); err != nil {
		return err
	}
	status, err := reapUntil(worker.Process.Pid)
	if err != nil {
		return err
	}
	if !status.Exited() || status.ExitStatus() != 0 {
		return fmt.Errorf("the worker ended with wait status %#x; the console tells more", uint32(status))
	}
	return nil
}

// reapUntil reaps every child, including adopted orphans, until the given one ends.
func reapUntil(wanted int) (unix.WaitStatus, error) {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 0, fmt.Errorf("wait4: %w", err)
		case pid == wanted:
			return status, nil
		}
	}
}

// powerOffAt powers off the guest after some seconds; 0 means never.
func powerOffAt(seconds int) {
	if seconds > 0 {
		time.AfterFunc(time.Duration(seconds)*time.Second, func() {
			reportFailure(fmt.Errorf("the guest's deadline of %d s has passed", seconds))
			powerOff()
		})
	}
}

// work is the second process.
func work() {
	report, err := openReport()
	if err != nil {
		fmt.Fprintln(os.Stderr, "guestinit:", err)
		os.Exit(1)
	}
	manifest, err := readManifest()
	if err == nil {
		if manifest.Systemd {
			powerOffAt(manifest.DeadlineSeconds)
		}
		err = runManifest(report, manifest)
	}
	if err != nil {
		report.send(wire.Event{Kind: wire.Fail, Text: err.Error()})
	}
	report.drain()
	if manifest.Systemd {
		// The other process 1 powers off when the worker ends. Asking systemd to would take
		// longer than some units.
		powerOff()
	}
}

func runManifest(report *report, manifest wire.Manifest) error {
	release, err := setUp(manifest)
	if err != nil {
		return err
	}
	cgroups, err := parentOfUnits(manifest)
	if err != nil {
		return err
	}
	report.send(wire.Event{Kind: wire.Ready, Text: release})
	for index, unit := range manifest.Units {
		if err := runUnit(report, cgroups, index, unit); err != nil {
			return fmt.Errorf("unit %s: %w", unit.Name, err)
		}
	}
	if manifest.Shell {
		if err := runShell(); err != nil {
			return err
		}
	}
	report.send(wire.Event{Kind: wire.Done})
	return nil
}

func readManifest() (wire.Manifest, error) {
	var manifest wire.Manifest
	text, err := os.ReadFile(wire.ManifestPath)
	if err != nil {
		return manifest, err
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return manifest, fmt.Errorf("%s: %w", wire.ManifestPath, err)
	}
	return manifest, nil
}

// reportFailure tells the host why process 1 gives up: on the report if that can be opened,
// and on the console in any case.
func reportFailure(failure error) {
	fmt.Fprintln(os.Stderr, "guestinit:", failure)
	if report, err := openReport(); err == nil {
		report.send(wire.Event{Kind: wire.Fail, Text: failure.Error()})
		report.drain()
	}
}

func powerOff() {
	unix.Sync()
	err := unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	// When process 1 ends, the kernel panics, which ends the guest too.
	fmt.Fprintln(os.Stderr, "guestinit: power off:", err)
}
