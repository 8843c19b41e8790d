package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/fsrun/fsrun/internal/vm/testlog"
)

// testTimeout is the -timeout of go test, for the tests of one package.
const testTimeout = "40m"

// guestMemory is the memory of a guest, which also holds all its files, in MiB.
const guestMemory = "4096"

// rawPackages make system calls in ways that the race detector's runtime cannot follow: on
// borrowed stacks, or in a child that shares the parent's memory.
var rawPackages = []string{"internal/sys", "child/handoff"}

// plainPackages use a raw package for other things, such as how to open a file.
var plainPackages = []string{
	"cgroupv2/devfilter", "internal/recording", "parent/bundle", "parent/plan", "parent/preflight", "parent/resctrl", "parent/state",
}

// lonePackages have one goroutine and much to do: the race detector would be slow and find
// nothing.
var lonePackages = []string{"internal/model", "internal/release"}

// kernelPackages are what a package depends on if its tests use the kernel; those tests run
// in the guest too.
var kernelPackages = []string{"golang.org/x/sys/unix", "internal/sys/..."}

// nativePackage is a package whose tests would show nothing new in the guest.
type nativePackage struct{ pattern, why string }

var nativePackages = []nativePackage{
	{"internal/check/...", hostTool},
	{"internal/vm/...", hostTool},
	{"internal/specgen/...", hostTool},
	{"internal/model/...", hostTool},
	{"internal/mutants", hostTool},
	{"internal/validation", hostTool},
	{"internal/site", hostTool},
	{"internal/bench", hostTool},
	{"internal/recording", onlyNumbers},
	{"protocol/conformance/...", "plays both sides against each other, which is the same on every kernel"},
	{"internal/release", hostTool},
	{"internal/engines/...", "boots guests of its own, with the engines"},
	{"parent/seccomp/internal/...", hostTool},
	{"parent/bundle/...", onlyNumbers},
	{"parent/plan", onlyNumbers},
}

const (
	hostTool    = "a tool of this machine, which has Go"
	onlyNumbers = "takes numbers from golang.org/x/sys/unix and asks no kernel for anything"
)

func testNative(ctx context.Context, r *run) (*testlog.Tally, error) {
	command, err := isolated("go", "test", "-json", "-timeout", testTimeout, "./...")
	if err != nil {
		return nil, err
	}
	return r.test(ctx, static, command)
}

func testRace(ctx context.Context, r *run) (*testlog.Tally, error) {
	module, err := loadModule(ctx, architectures[0])
	if err != nil {
		return nil, err
	}
	packages := module.testPackages(module.isRaced)
	if len(packages) == 0 {
		return nil, fmt.Errorf("every package with tests depends on %v", rawPackages)
	}
	command, err := isolated(append([]string{"go", "test", "-json", "-race", "-timeout", testTimeout}, packages...)...)
	if err != nil {
		return nil, err
	}
	return r.test(ctx, []string{"CGO_ENABLED=1"}, command)
}

func testGuest(ctx context.Context, r *run) (*testlog.Tally, error) {
	module, err := loadModule(ctx, architectures[0])
	if err != nil {
		return nil, err
	}
	packages := module.testPackages(module.isForGuest)
	if len(packages) == 0 {
		return nil, fmt.Errorf("no package with tests depends on %v", kernelPackages)
	}
	return r.test(ctx, nil, append([]string{"go", "run", "./internal/vm", "-json", "-memory", guestMemory, "-timeout", "70m", "-unit-timeout", "45m"}, packages...))
}

// systemdPackages are the Debian packages for the tests under systemd: they need user
// managers and subordinate IDs.
const systemdPackages = "uidmap,dbus-user-session,libpam-systemd"

// testSystemd runs the tests that are skipped unless systemd is process 1.
func testSystemd(ctx context.Context, r *run) (*testlog.Tally, error) {
	return r.test(ctx, nil, []string{
		"go", "run", "./internal/vm", "-json", "-systemd", "-debian", systemdPackages, "-run", "^TestSystemd", "./cmd/fsrun",
	})
}

// checkpointPackages are CRIU and what it locks the network with.
const checkpointPackages = "criu,nftables"

// testCheckpoint runs the tests that are skipped without CRIU.
func testCheckpoint(ctx context.Context, r *run) (*testlog.Tally, error) {
	return r.test(ctx, nil, []string{
		"go", "run", "./internal/vm", "-json", "-debian", checkpointPackages, "-run", "^TestCheckpoint", "./cmd/fsrun",
	})
}

func testEngines(ctx context.Context, r *run) (*testlog.Tally, error) {
	return r.test(ctx, nil, []string{"go", "run", "./internal/engines", "-json", "all"})
}

// isRaced reports whether a package's tests run under the race detector.
func (m *module) isRaced(found *goPackage) bool {
	isPlain := m.matchesAny(found.ImportPath, plainPackages) || !m.testsDependOn(found, rawPackages)
	return isPlain && !m.matchesAny(found.ImportPath, lonePackages)
}

// isForGuest reports whether a package's tests run in the guest.
func (m *module) isForGuest(found *goPackage) bool {
	isNative := func(native nativePackage) bool { return m.matches(found.ImportPath, native.pattern) }
	return m.testsDependOn(found, kernelPackages) && !slices.ContainsFunc(nativePackages, isNative)
}

// testPackages returns the wanted packages of the module that have tests.
func (m *module) testPackages(wanted func(*goPackage) bool) []string {
	var paths []string
	for _, found := range m.own() {
		if found.hasTests() && wanted(found) {
			paths = append(paths, found.ImportPath)
		}
	}
	return paths
}

// testsDependOn reports whether the package, including its tests, depends on a package that
// matches one of the patterns.
func (m *module) testsDependOn(found *goPackage, patterns []string) bool {
	wanted := func(path string) bool { return m.matchesAny(path, patterns) }
	ownImports := func(p *goPackage) []string {
		switch {
		case p == found:
			return slices.Concat(p.Imports, p.TestImports, p.XTestImports)
		case p.own():
			return p.Imports
		default:
			// The dependencies of another module's packages do not matter here.
			return nil
		}
	}
	return wanted(found.ImportPath) || m.chain(found.ImportPath, ownImports, wanted) != nil
}

// test runs a command that prints the output of go test -json, shows a line for each
// package and for each skipped test, and counts. Temporary files are in a separate
// directory, so that those of a killed test are removed too.
func (r *run) test(ctx context.Context, environment, arguments []string) (*testlog.Tally, error) {
	scratch, err := os.MkdirTemp("", "check") // short, because socket paths are below it
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	// Like /tmp: tests start programs as other users.
	if err := os.Chmod(scratch, 0o777|os.ModeSticky); err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
	command.Env = append(append(os.Environ(), "TMPDIR="+scratch), environment...)
	command.Stderr = r.people
	stream, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	tally := &testlog.Tally{}
	decodeError := testlog.Decode(stream, func(event testlog.Event) {
		tally.Add(event)
		if event.Test == "" && (event.Action == "pass" || event.Action == "fail") {
			r.say("    %s %s %.1fs", event.Action, event.Package, event.Elapsed)
		}
	})
	for _, event := range tally.Abandoned() {
		tally.Add(event)
	}
	for _, skip := range tally.Skips() {
		r.say("    skip %s: %s", skip.Test, testlog.SkipMessage(skip.Output))
	}
	if err := command.Wait(); err != nil {
		return tally, fmt.Errorf("%s: %w\n%s", strings.Join(arguments[:min(len(arguments), 6)], " "), err, describe(tally.Failures()))
	}
	if decodeError == nil && tally.Ran() == 0 {
		decodeError = fmt.Errorf("%s: no test ran", strings.Join(arguments, " "))
	}
	return tally, decodeError
}

func describe(failures []testlog.Problem) string {
	var text strings.Builder
	for _, failure := range failures {
		fmt.Fprintf(&text, "--- FAIL: %s\n%s", failure.Test, failure.Output)
	}
	return text.String()
}
