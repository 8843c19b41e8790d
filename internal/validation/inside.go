package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// notPrograms are the other files in the directory of the programs.
var notPrograms = map[string]bool{runtimeName: true, runnerName: true, "runtimetest": true}

// patience is how long a program may take.
const patience = 2 * time.Minute

// runInside runs the programs in a directory, one after another, and reports the results.
func runInside(ctx context.Context, o options) (int, error) {
	entries, err := os.ReadDir(o.inside)
	if err != nil {
		return 0, err
	}
	exclusions, err := readExclusions(excludedText)
	if err != nil {
		return 0, err
	}
	var total summary
	for _, entry := range entries {
		name := entry.Name()
		if notPrograms[name] || strings.HasPrefix(name, "rootfs-") || !o.only.MatchString(name) {
			continue
		}
		ran := runProgram(ctx, o.inside, name)
		total.add(name, judge(name, ran.cases, exclusions), ran, o.verbose)
	}
	total.print(os.Stdout)
	if total.failed > 0 || total.passed == 0 {
		return statusFailed, nil
	}
	return 0, nil
}

// ran is the result of running a program.
type ran struct {
	cases          []testCase
	stdout, stderr string
}

func runProgram(ctx context.Context, directory, name string) ran {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	command := exec.CommandContext(ctx, filepath.Join(directory, name))
	command.Dir = directory
	command.Env = append(os.Environ(), "RUNTIME="+filepath.Join(directory, runtimeName))
	// A program that was killed may leave behind containers that keep its output open.
	command.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if ctx.Err() != nil {
		err = fmt.Errorf("no end after %v", patience)
	}
	result := ran{stdout: stdout.String(), stderr: stderr.String()}
	result.cases = readCases(result.stdout, describe(err, result.stderr))
	return result
}

// describe says how a program failed, with the last line that it printed.
func describe(err error, stderr string) error {
	if err == nil {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if line := strings.TrimSpace(lines[i]); line != "" && !strings.HasPrefix(line, "Refer to:") && line != err.Error() {
			return errors.New(line)
		}
	}
	return err
}
