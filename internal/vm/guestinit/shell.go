package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"github.com/fsrun/fsrun/internal/vm/wire"
)

// runShell runs a login shell on the console. The exit status of the shell is ignored.
func runShell() error {
	console, err := os.OpenFile(wire.ConsolePath, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer console.Close()
	fmt.Fprint(console, "\nThe guest's shell; exit powers off.\n")
	shell := exec.Command("/bin/sh", "-l")
	shell.Dir = "/root"
	shell.Env = environment
	shell.Stdin, shell.Stdout, shell.Stderr = console, console, console
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	var exit *exec.ExitError
	if err := shell.Run(); err != nil && !errors.As(err, &exit) {
		return err
	}
	return nil
}
