package engine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Image makes a tar archive of a root file system with busybox, for an engine to import.
// Nothing is pulled from a registry.
func Image(archive string) error {
	root, err := os.MkdirTemp("", "image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	for directory, permissions := range map[string]os.FileMode{
		".": 0o755, "bin": 0o755, "etc": 0o755, "root": 0o700, "tmp": 0o777 | os.ModeSticky, "home/user": 0o755, "proc": 0o555, "sys": 0o555, "dev": 0o755,
	} {
		path := filepath.Join(root, directory)
		if err := errors.Join(os.MkdirAll(path, permissions), os.Chmod(path, permissions)); err != nil {
			return err
		}
	}
	for name, file := range map[string]struct {
		text        string
		permissions os.FileMode
	}{
		"etc/passwd":  {"root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n", 0o644},
		"etc/group":   {"root:x:0:\ntty:x:5:\nuser:x:1000:\nextra:x:2000:user\n", 0o644},
		"bin/refused": {"#!/bin/sh\n", 0o644},
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(file.text), file.permissions); err != nil {
			return err
		}
	}
	for _, command := range [][]string{
		{"cp", "/bin/busybox", filepath.Join(root, "bin/busybox")},
		{"chroot", root, "/bin/busybox", "--install", "-s", "/bin"},
		{"chown", "1000:1000", filepath.Join(root, "home/user")},
		{"tar", "-C", root, "-c", "-f", archive, "."},
	} {
		if output, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w: %s", command, err, output)
		}
	}
	return nil
}
