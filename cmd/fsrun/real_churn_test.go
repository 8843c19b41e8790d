package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/protocol/machine"
)

// fullVariable selects the full numbers in tests that have two sizes. If its value is a
// number, that many starts are made in a row.
const fullVariable = "FSRUN_TEST_FULL"

func fullRun() bool { return os.Getenv(fullVariable) != "" }

// wholeInGuest skips a sweep over our own system calls and frames in an ordinary run in the
// guest: they are the same on every kernel, and an emulated processor is too slow for their
// deadlines.
func wholeInGuest(t *testing.T) {
	t.Helper()
	if !fullRun() {
		harness.NativeOnly(t, "a sweep that an ordinary run does natively; in the guest with "+fullVariable)
	}
}

// countOf returns a count for an ordinary run, or for a full one.
func countOf(ordinary, full int) int {
	if fullRun() {
		return full
	}
	return ordinary
}

// fates are what happens to the containers of a churn: an edit, and whether run must fail.
var fates = []struct {
	name  string
	edit  harness.Edit
	fails bool
}{
	{"succeeds", harness.Args("/bin/true"), false},
	{"exits with an error", harness.Args("/bin/false"), false},
	{"is killed", harness.Shell("kill -9 $$"), false},
	{"has no program", harness.Args("/bin/none"), true},
	{"has a mount without a source", func(spec *specs.Spec) {
		spec.Process.Args = []string{"/bin/true"}
		spec.Mounts = append(spec.Mounts, harness.Bind("/no/such/source", "/mnt"))
	}, true},
	{"has a hook that fails", func(spec *specs.Spec) {
		spec.Process.Args = []string{"/bin/true"}
		spec.Hooks = &specs.Hooks{CreateRuntime: []specs.Hook{{Path: "/bin/false"}}}
	}, true},
}

// churnPatience is how long a step of a start may take before it counts as hanging.
const churnPatience = 2 * time.Minute

// churn starts containers, with a bundle for each fate.
type churn struct {
	t       *testing.T
	root    string
	bundles []string
	null    *os.File
}

func newChurn(t *testing.T) *churn {
	t.Helper()
	harness.Need(t, harness.Container...)
	c := &churn{t: t, root: t.TempDir()}
	for _, fate := range fates {
		c.bundles = append(c.bundles, harness.Bundle(t, fate.edit, func(spec *specs.Spec) {
			spec.Linux.CgroupsPath = "" // each has its own, named after its ID
		}))
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	must(t, err)
	t.Cleanup(func() { null.Close() })
	c.null = null
	return c
}

// one takes a container from creation to deletion.
func (c *churn) one(fate int) error {
	stdio := int(c.null.Fd())
	options := parent.Options{StateRoot: c.root, ID: harness.ID(c.t), Bundle: c.bundles[fate], Stdio: [3]int{stdio, stdio, stdio}}
	// How long a start takes on a busy machine does not matter here.
	options.Deadlines = map[machine.State]time.Duration{}
	for _, wait := range waits() {
		options.Deadlines[wait.State] = churnPatience
	}
	running, err := parent.Run(options)
	if (err != nil) != fates[fate].fails || err != nil && strings.Contains(err.Error(), "waited") {
		err = fmt.Errorf("a container that %s: %w", fates[fate].name, orFailed(err))
	} else {
		err = nil
	}
	if running != nil {
		if _, waitErr := running.Wait(); err == nil {
			err = waitErr
		}
	}
	if deleteErr := parent.Delete(options.StateRoot, options.ID, true); err == nil {
		err = deleteErr
	}
	return err
}

func orFailed(err error) error {
	if err == nil {
		return fmt.Errorf("it ran")
	}
	return err
}

// held is what must not grow, in addition to what a Snapshot sees.
type held struct{ dying, slab int }

// measure counts the cgroups that are dying and the kernel's unreclaimable memory, in KiB.
// Both include those of others on the machine.
func measure(t *testing.T) held {
	t.Helper()
	read := func(name, field string) int {
		content, err := os.ReadFile(name)
		must(t, err)
		for line := range strings.Lines(string(content)) {
			if fields := strings.Fields(line); len(fields) > 1 && strings.TrimSuffix(fields[0], ":") == field {
				number, err := strconv.Atoi(fields[1])
				must(t, err)
				return number
			}
		}
		t.Fatalf("%s has no %s", name, field)
		return 0
	}
	return held{read(filepath.Join(harness.CgroupMount, "cgroup.stat"), "nr_dying_descendants"), read("/proc/meminfo", "SUnreclaim")}
}

// TestStartsAtOnce starts many containers simultaneously.
func TestStartsAtOnce(t *testing.T) {
	atOnce := []int{64}
	switch {
	case harness.Guest(): // each has a copy of the binary in memory, because no overlay can seal it
		atOnce = []int{16}
	case fullRun():
		atOnce = []int{64, 256}
	}
	for _, count := range atOnce {
		c := newChurn(t)
		must(t, c.one(0)) // mount points are made
		snapshot := harness.Watch(t, c.root)
		var group sync.WaitGroup
		begin := make(chan struct{})
		for n := range count {
			group.Go(func() {
				<-begin
				if err := c.one(n % len(fates)); err != nil {
					t.Error(err)
				}
			})
		}
		since := time.Now()
		close(begin)
		group.Wait()
		snapshot.Settled()
		t.Logf("figure: simultaneous starts %d", count)
		t.Logf("%d starts took %s", count, time.Since(since))
	}
}

// TestStartsInARow starts containers one after another, with mixed outcomes. Nothing may
// remain of them, and nothing may grow.
func TestStartsInARow(t *testing.T) {
	count := countOf(120, 10_000)
	if number, err := strconv.Atoi(os.Getenv(fullVariable)); err == nil && number > 1 {
		count = number
	}
	c := newChurn(t)
	for fate := range fates {
		must(t, c.one(fate)) // mount points are made, files are read
	}
	snapshot := harness.Watch(t, c.root)
	before := measure(t)
	durations := make([]time.Duration, 0, count)
	for n := range count {
		begin := time.Now()
		if err := c.one(n % len(fates)); err != nil {
			t.Fatalf("start %d: %v", n, err)
		}
		if !fates[n%len(fates)].fails {
			durations = append(durations, time.Since(begin))
		}
	}
	snapshot.Settled()
	slices.Sort(durations)
	median, slow := durations[len(durations)/2], durations[len(durations)*99/100]
	t.Logf("figure: starts in a row %d", count)
	t.Logf("figure: starts in a row, p50 %s", median.Round(10*time.Microsecond))
	t.Logf("figure: starts in a row, p99 / p50 %.1f", float64(slow)/float64(median))
	// Dying cgroups and freed slab disappear when the kernel has time.
	const patience, slack = 10 * time.Second, 32
	var after held
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if after = measure(t); after.dying <= before.dying+slack {
			break
		}
	}
	t.Logf("figure: starts in a row, growth of unreclaimable slab %dKiB", after.slab-before.slab)
	if after.dying > before.dying+slack+count/10 {
		t.Errorf("%d cgroups are dying, %d were", after.dying, before.dying)
	}
	// 1 KiB per start would be a leak; other processes on the machine may use a few MiB.
	if grown := after.slab - before.slab; grown > 64<<10+count {
		t.Errorf("the kernel's unreclaimable memory has grown by %d KiB in %d starts", grown, count)
	}
}

// TestKilledAtRandom kills the runtime at random instants. A single delete then restores
// everything.
func TestKilledAtRandom(t *testing.T) {
	count := countOf(15, 1000)
	m := newMatrix(t, "run", harness.Args(markArgs...))
	m.Gated = false
	life := func(kill time.Duration) (took time.Duration) {
		command := newCaller(t, m.request)
		begin := time.Now()
		must(t, command.Start())
		timer := time.AfterFunc(kill, func() { _ = command.Process.Signal(unix.SIGKILL) })
		_ = command.Wait()
		took = time.Since(begin)
		timer.Stop()
		m.clean()
		return took
	}
	whole := life(time.Hour)
	m.snapshot = harness.Watch(t, m.StateRoot, m.Bundle)
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	passed := 0
	for range count {
		instant := time.Duration(random.Int64N(int64(whole)))
		if life(instant); t.Failed() {
			t.Fatalf("killed after %s", instant)
		}
		passed++
	}
	t.Logf("figure: kills at random instants %d/%d", passed, count)
}
