package main

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// web is what the site is built with: the packages' versions, the theme, the
// stepper, and the script that looks at the result.
//
//go:embed all:web
var web embed.FS

// installPackages installs the packages in web/package-lock.json in the user's cache, once
// per lock file, and returns the node_modules directory.
func installPackages(ctx context.Context) (string, error) {
	lock, err := web.ReadFile("web/package-lock.json")
	if err != nil {
		return "", err
	}
	manifest, err := web.ReadFile("web/package.json")
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append(lock, manifest...))
	directory := filepath.Join(cache, "fsrun", "site", hex.EncodeToString(sum[:8]))
	modules := filepath.Join(directory, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules, nil
	}
	if err := os.MkdirAll(filepath.Dir(directory), 0o755); err != nil {
		return "", err
	}
	// Install elsewhere and rename, so that what exists is complete.
	fresh, err := os.MkdirTemp(filepath.Dir(directory), "new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	err = errors.Join(
		os.WriteFile(filepath.Join(fresh, "package-lock.json"), lock, 0o644),
		os.WriteFile(filepath.Join(fresh, "package.json"), manifest, 0o644),
	)
	if err != nil {
		return "", err
	}
	say("installing the packages of web/package-lock.json")
	// No package's scripts are run. npm ci cannot be used: it insists on packages for other
	// platforms, which npm leaves out of a lock file if the registry does not have them.
	if err := command(ctx, fresh, "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, directory); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return modules, nil
}

// command runs a program in a directory. If it fails, its output is shown.
func command(ctx context.Context, directory, name string, arguments ...string) error {
	run := exec.CommandContext(ctx, name, arguments...)
	run.Dir = directory
	if said, err := run.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, said)
	}
	return nil
}
