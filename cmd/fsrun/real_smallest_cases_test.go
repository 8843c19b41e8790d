package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
)

// hugePagesFile selects who gets transparent huge pages, with which the kernel charges 2
// MiB at once.
const hugePagesFile = "/sys/kernel/mm/transparent_hugepage/enabled"

// smallCases are other limits on a container that hardly has room for its program.
func smallCases(t *testing.T) map[string]harness.Edit {
	slow := []specs.LinuxThrottleDevice{{LinuxBlockIODevice: blockDevice(t), Rate: 2}} // per second; the kernel accepts no less
	unified := func(name, value string) harness.Edit {
		return func(spec *specs.Spec) {
			if spec.Linux.Resources.Unified == nil {
				spec.Linux.Resources.Unified = map[string]string{}
			}
			spec.Linux.Resources.Unified[name] = value
		}
	}
	swap := func(beside int64) harness.Edit {
		return func(spec *specs.Spec) {
			both := *spec.Linux.Resources.Memory.Limit + beside
			spec.Linux.Resources.Memory.Swap = &both
		}
	}
	quota, period := int64(1000), uint64(100000)
	cases := map[string]harness.Edit{
		"memory.high":    unified("memory.high", "98304"),
		"no swap":        swap(0),
		"a page of swap": swap(int64(os.Getpagesize())),
		"a millisecond in 100": func(spec *specs.Spec) {
			spec.Linux.Resources.CPU = &specs.LinuxCPU{Quota: &quota, Period: &period}
		},
		"one processor": func(spec *specs.Spec) { spec.Linux.Resources.CPU = &specs.LinuxCPU{Cpus: "0"} },
		"two bytes of disk": func(spec *specs.Spec) {
			spec.Linux.Resources.BlockIO = &specs.LinuxBlockIO{
				ThrottleReadBpsDevice: slow, ThrottleWriteBpsDevice: slow, ThrottleReadIOPSDevice: slow, ThrottleWriteIOPSDevice: slow,
			}
		},
	}
	cases["all of them"] = func(spec *specs.Spec) {
		for _, name := range []string{"memory.high", "no swap", "two bytes of disk", "a millisecond in 100"} {
			cases[name](spec)
		}
		spec.Linux.Resources.CPU.Cpus = "0"
	}
	return cases
}

// TestSmallestWithOtherLimits: the promised limits are enough, whatever other limits there
// are and whoever gets huge pages.
func TestSmallestWithOtherLimits(t *testing.T) {
	needed := harness.Container
	for _, name := range []string{"pids", "memory", "cpu", "cpuset", "io"} {
		needed = append(needed, harness.Controller(name))
	}
	harness.Need(t, needed...)
	start := func(t *testing.T, edits ...harness.Edit) {
		for _, verb := range smallVerbs {
			s := &small{t: t, verb: verb}
			s.prepare(nil)
			s.edit(append([]harness.Edit{s.pids(1), harness.Memory(promisedMemory)}, edits...)...)
			if !s.starts(countOf(1, 20)) {
				t.Errorf("%s does not start", verb)
			}
		}
	}
	for name, edit := range smallCases(t) {
		t.Run(name, func(t *testing.T) { start(t, edit) })
	}
	for _, whom := range []string{"always", "madvise", "never"} {
		t.Run("huge pages "+whom, func(t *testing.T) {
			if !harness.Guest() {
				t.Skip("only in the guest: it changes the whole machine's huge pages")
			}
			before, err := os.ReadFile(hugePagesFile)
			must(t, err)
			chosen := regexp.MustCompile(`\[(.*)\]`).FindStringSubmatch(string(before))[1]
			must(t, os.WriteFile(hugePagesFile, []byte(whom), 0))
			defer func() { must(t, os.WriteFile(hugePagesFile, []byte(chosen), 0)) }()
			start(t)
		})
	}
}

// TestMemoryThatDoesNotSuffice: if the program needs more memory than the limit, the error
// says so, and how much it had.
func TestMemoryThatDoesNotSuffice(t *testing.T) {
	harness.Need(t, append(harness.Container, harness.Controller("memory"))...)
	for _, test := range []struct {
		name    string
		limit   int64
		program []string
		status  int
		says    string
	}{
		{"a program that grows", 8 << 20, []string{"/bin/sh", "-c", "tail /dev/zero"}, 137,
			`the OOM killer killed a process of the container: it had used (8\.0|7\.[0-9])M of the 8\.0M that linux\.resources\.memory\.limit allows`},
		{"a page", 4 << 10, []string{"/bin/exit"}, 1,
			`linux\.resources\.memory\.limit.*the OOM killer killed the child.*it had used [0-9]+ KiB of its 4 KiB.*raise it`},
	} {
		t.Run(test.name, func(t *testing.T) {
			noSwap := func(spec *specs.Spec) { spec.Linux.Resources.Memory.Swap = &test.limit }
			bundle := harness.Bundle(t, harness.Args(test.program...), harness.Memory(test.limit), noSwap)
			harness.ExitProgram(t, filepath.Join(bundle, "rootfs/bin/exit"))
			command := exec.Command("fsrun", "--root", t.TempDir(), "run", "--bundle", bundle, harness.ID(t))
			output, err := command.CombinedOutput()
			said := strings.TrimSpace(string(output))
			if err == nil || command.ProcessState.ExitCode() != test.status || !regexp.MustCompile(`(?s)`+test.says).MatchString(said) {
				t.Errorf("%v: it said %q, want %q with status %d", err, said, test.says, test.status)
			}
		})
	}
}
