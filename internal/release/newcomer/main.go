// Newcomer does in a guest what a newcomer would do: it starts with a bare Debian system,
// installs the Debian package, runs a first container and a bundle, and meets a failure that
// explains itself.
//
//	go run ./internal/release/newcomer
//
// It shows how long it took to get to each point. Without KVM the guest is emulated, and
// about ten times slower than a real machine.
package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

//go:embed newcomer.sh
var script []byte

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "newcomer:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	scratch, err := os.MkdirTemp("", "fsrun-newcomer-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	made := exec.CommandContext(ctx, "go", "run", "./internal/release", "-o", scratch, "deb")
	made.Stderr = os.Stderr
	said, err := made.Output()
	if err != nil {
		return fmt.Errorf("the package: %w", err)
	}
	path := filepath.Join(scratch, "newcomer.sh")
	if err := os.WriteFile(path, script, 0o755); err != nil {
		return err
	}
	guest := exec.CommandContext(ctx, "go", "run", "./internal/vm", "-debian", "busybox-static",
		"-file", strings.TrimSpace(string(said))+":/opt/fsrun.deb", "-file", path+":/opt/newcomer.sh",
		"--", "sh", "/opt/newcomer.sh", "/opt/fsrun.deb")
	guest.Stdout, guest.Stderr = os.Stdout, os.Stderr
	return guest.Run()
}
