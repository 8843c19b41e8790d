package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/fsrun/fsrun/internal/checkout"
)

// documents are installed along with the binary.
var documents = []string{"README.md", "SPEC.md", "LICENSE"}

// install installs everything where users look for it.
func install(ctx context.Context, o options) error {
	module, err := checkout.Directory()
	if err != nil {
		return err
	}
	root := filepath.Join(o.destination, o.prefix)
	if err := build(ctx, runtimeCommand, o.architecture, filepath.Join(root, "bin", "fsrun")); err != nil {
		return err
	}
	if err := installPages(ctx, root); err != nil {
		return err
	}
	for _, name := range documents {
		content, err := os.ReadFile(filepath.Join(module, name))
		if err != nil {
			return err
		}
		if err := put(filepath.Join(root, "share", "doc", "fsrun", name), content); err != nil {
			return err
		}
	}
	return nil
}

// completions says where each shell looks for them, beneath share/.
var completions = map[string]string{
	"bash": "bash-completion/completions/fsrun",
	"zsh":  "zsh/site-functions/_fsrun",
	"fish": "fish/vendor_completions.d/fsrun.fish",
}

// installPages installs what the command itself prints: completions and manual pages. They
// are printed by a binary for this machine, and cover all commands, including those that
// are not available here but may be on the user's machine.
func installPages(ctx context.Context, root string) error {
	scratch, err := os.MkdirTemp("", "fsrun-pages-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	program := filepath.Join(scratch, "fsrun")
	if err := build(ctx, runtimeCommand, runtime.GOARCH, program); err != nil {
		return err
	}
	for shell, path := range completions {
		script, err := output(exec.CommandContext(ctx, program, "completion", "--all", shell))
		if err != nil {
			return err
		}
		if err := put(filepath.Join(root, "share", path), []byte(script)); err != nil {
			return err
		}
	}
	manual := filepath.Join(root, "share", "man", "man8")
	_, err = output(exec.CommandContext(ctx, program, "man", "--directory", manual))
	return err
}

// put writes a file that everybody may read, and makes the directories above it.
func put(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}
