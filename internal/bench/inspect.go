package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// measurePeaks measures the peak memory of each contestant's processes in a run. The small
// floor does the measuring, because the peak includes what a process had before it executed
// the runtime.
func measurePeaks(all []*contestant, bundle string) error {
	index := slices.IndexFunc(all, func(c *contestant) bool { return c.name == floor })
	if index < 0 {
		return nil
	}
	for _, c := range all {
		words := append([]string{all[index].program, "peak"}, c.run(bundle, fmt.Sprintf("bench-peak-%s-%d", c.name, os.Getpid()))...)
		output, err := exec.Command(words[0], words[1:]...).Output()
		if err != nil {
			return fmt.Errorf("%s: %w", strings.Join(words, " "), err)
		}
		kibibytes, err := strconv.ParseInt(strings.TrimSpace(string(output)), 10, 64)
		if err != nil {
			return err
		}
		c.peak = kibibytes << 10
	}
	return nil
}

// timeline has fsrun record a run and draw it.
func (b *bench) timeline(fsrun *contestant, bundle string) (string, error) {
	trace := b.scratch.path("trace.json")
	id := fmt.Sprintf("bench-trace-%d", os.Getpid())
	run := exec.Command(fsrun.program, "--root", fsrun.root, "run", "--trace", trace, "--bundle", bundle, id)
	// In the first runs of a program that was just written, its pages are not mapped yet.
	for range warmUps {
		if output, err := run.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%v: %w\n%s", run, err, output)
		}
		run = exec.Command(run.Path, run.Args[1:]...)
	}
	drawn, err := exec.Command(fsrun.program, "trace", trace).Output()
	if err != nil {
		return "", fmt.Errorf("%s trace %s: %w", fsrun.program, trace, err)
	}
	return string(drawn), nil
}
