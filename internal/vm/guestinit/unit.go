package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/fsrun/fsrun/internal/vm/wire"
)

// Exit statuses of units that did not end by themselves, as in shells.
const (
	statusCannotStart = 126
	statusSignalled   = 128
)

// lingerTime is how long to wait for output once the unit has ended. What still has the
// output open then was left behind in a cgroup of its own.
const lingerTime = time.Second

// runUnit runs a unit in a cgroup below the given one and reports it. An error means that
// the guest is broken.
func runUnit(report *report, parent string, index int, unit wire.Unit) error {
	cgroup, err := newUnitCgroup(parent, index)
	if err != nil {
		return err
	}
	report.send(wire.Event{Kind: wire.Start, Unit: index})
	status, err := execute(report, index, unit, cgroup)
	if err != nil {
		return errors.Join(err, cgroup.remove())
	}
	if err := cgroup.remove(); err != nil {
		return err
	}
	report.send(wire.Event{Kind: wire.Exit, Unit: index, Status: status})
	return nil
}

func execute(report *report, index int, unit wire.Unit, cgroup *unitCgroup) (int, error) {
	output, input, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer output.Close()
	command := exec.Command(unit.Command[0], unit.Command[1:]...)
	command.Dir = unit.Directory
	command.Env = append(append([]string(nil), environment...), unit.Environment...)
	command.Stdout, command.Stderr = input, input
	command.SysProcAttr = &syscall.SysProcAttr{
		Setsid:      true,
		UseCgroupFD: true,
		CgroupFD:    int(cgroup.directory.Fd()),
	}
	err = command.Start()
	input.Close()
	if err != nil {
		report.send(wire.Event{Kind: wire.Output, Unit: index, Data: []byte(err.Error() + "\n")})
		return statusCannotStart, nil
	}
	forwarded := make(chan struct{})
	go func() {
		defer close(forwarded)
		forward(report, index, output)
	}()
	status, err := waitWithin(command, time.Duration(unit.TimeoutSeconds)*time.Second, func() {
		text := fmt.Sprintf("\nguestinit: killed after %d s\n", unit.TimeoutSeconds)
		report.send(wire.Event{Kind: wire.Output, Unit: index, Data: []byte(text)})
		if err := cgroup.kill(); err != nil {
			fmt.Fprintln(os.Stderr, "guestinit:", err)
		}
	})
	if deadlineError := output.SetReadDeadline(time.Now().Add(lingerTime)); deadlineError != nil {
		return 0, deadlineError
	}
	<-forwarded
	return status, err
}

// waitWithin waits for the command and calls expired once the limit has passed; zero means
// no limit.
func waitWithin(command *exec.Cmd, limit time.Duration, expired func()) (int, error) {
	if limit > 0 {
		timer := time.AfterFunc(limit, expired)
		defer timer.Stop()
	}
	var exit *exec.ExitError
	if err := command.Wait(); err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	status := command.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return statusSignalled + int(status.Signal()), nil
	}
	return status.ExitStatus(), nil
}

// forward reports output until nobody can write it any more, or until the read deadline.
func forward(report *report, index int, output *os.File) {
	buffer := make([]byte, wire.MaxOutputBytes)
	for {
		count, err := output.Read(buffer)
		if count > 0 {
			report.send(wire.Event{Kind: wire.Output, Unit: index, Data: buffer[:count]})
		}
		if err != nil {
			return
		}
	}
}
