package tinyprogram

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// command writes a program to a file and returns the command that runs it.
func command(t *testing.T, content []byte) *exec.Cmd {
	t.Helper()
	name := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(name, content, 0o755); err != nil {
		t.Fatal(err)
	}
	return exec.Command(name)
}

func TestExit(t *testing.T) {
	for _, status := range []byte{0, 42, 255} {
		run := command(t, Exit(status))
		_ = run.Run() // the status tells
		if got := run.ProcessState.ExitCode(); got != int(status) {
			t.Errorf("status %d; want %d", got, status)
		}
	}
}

// TestPause sends a signal that stops and one that continues: neither may end the program.
func TestPause(t *testing.T) {
	run := command(t, Pause())
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- run.Wait() }()
	for _, signal := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT} {
		if err := run.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-ended:
		t.Fatalf("it has ended: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	if err := run.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var failure *exec.ExitError
	if err := <-ended; !errors.As(err, &failure) || failure.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("%v; want killed", err)
	}
}
