package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fsrun/fsrun/internal/checkout"
	"github.com/fsrun/fsrun/internal/sys/boot"
)

// architectures lists those that fsrun is built for.
var architectures = []string{"amd64", "arm64"}

// The commands that are released.
const (
	runtimeCommand   = "./cmd/fsrun"
	telemetryCommand = "./cmd/fsrun-otel"
)

// build builds the static binary of a command. Nothing about this machine gets into it: no
// path, no time, no name.
func build(ctx context.Context, command, architecture, path string) error {
	if !slices.Contains(architectures, architecture) {
		return fmt.Errorf("-arch %s: allowed: %s", architecture, strings.Join(architectures, ", "))
	}
	module, err := checkout.Directory()
	if err != nil {
		return err
	}
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	released, err := thisRevision(ctx, module)
	if err != nil {
		return err
	}
	// -buildvcs would not do: it does not find the commit in a linked git worktree.
	linked := "-s -w -X main.releasedVersion=" + released.version + " -X main.releasedCommit=" + released.commit
	if command == runtimeCommand {
		linked += " " + boot.Link
	}
	builder := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags="+linked, "-o", path, command)
	builder.Dir = module
	builder.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+architecture, "GOFLAGS=", "GOAMD64=v1")
	_, err = output(builder)
	return err
}

// revision is the commit to release.
type revision struct {
	commit string
	time   time.Time
	// version is the version in Debian's format: the tag's, or one that sorts before every
	// tag.
	version string
}

// thisRevision returns the checked-out revision, according to git.
func thisRevision(ctx context.Context, module string) (revision, error) {
	git := func(arguments ...string) (string, error) {
		found, err := output(exec.CommandContext(ctx, "git", append([]string{"-C", module}, arguments...)...))
		return strings.TrimSpace(found), err
	}
	commit, commitError := git("rev-parse", "HEAD")
	stamp, timeError := git("log", "-1", "--format=%ct")
	tag, tagError := git("tag", "--points-at", "HEAD", "--list", "v*", "--sort=-version:refname")
	changed, changedError := git("status", "--porcelain", "--untracked-files=no")
	if err := errors.Join(commitError, timeError, tagError, changedError); err != nil {
		return revision{}, err
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return revision{}, err
	}
	r := revision{commit: commit, time: time.Unix(seconds, 0).UTC()}
	r.version = "0~" + r.time.Format("20060102150405") + "+g" + commit[:12]
	if first, _, _ := strings.Cut(tag, "\n"); first != "" {
		r.version = strings.TrimPrefix(first, "v")
	}
	if changed != "" {
		r.version += "+modified"
	}
	return r, nil
}

// output runs a command and returns its output. An error contains everything it printed.
func output(command *exec.Cmd) (string, error) {
	var said, complaints bytes.Buffer
	command.Stdout, command.Stderr = &said, &complaints
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", strings.Join(command.Args, " "), err, said.String(), complaints.String())
	}
	return said.String(), nil
}
