package harness

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// Feature is something that a test needs of the machine.
type Feature struct {
	name  string
	check func() error
}

// The features.
var (
	Root       = Feature{"root", root}
	CgroupTree = Feature{"a cgroup v2 tree", cgroupTree}
	Static     = Feature{"a test binary that is static, by CGO_ENABLED=0 go test", static}
	Busybox    = Feature{"busybox", func() error { _, err := busybox(); return err }}
)

// static checks whether the test binary can be executed in a container.
func static() error {
	interpreted, err := sys.Interpreted()
	if err == nil && interpreted {
		err = errors.New("this one is linked dynamically")
	}
	return err
}

// Controller is a cgroup v2 controller at the root of the tree.
func Controller(name string) Feature {
	return Feature{"the cgroup v2 controller " + name, func() error {
		content, err := os.ReadFile(CgroupMount + "/cgroup.controllers")
		if err == nil && !slices.Contains(strings.Fields(string(content)), name) {
			err = fmt.Errorf("%s/cgroup.controllers has only %q", CgroupMount, strings.TrimSpace(string(content)))
		}
		return err
	}}
}

// Container is what every test with a container needs.
var Container = []Feature{Root, CgroupTree, Busybox}

// Guest reports whether this is the guest of internal/vm.
func Guest() bool { return os.Getenv("FSRUN_GUEST") == "1" }

// Need skips the test if the machine lacks a feature; in the guest it fails.
func Need(t testing.TB, features ...Feature) {
	t.Helper()
	for _, feature := range features {
		err := feature.check()
		switch {
		case err == nil:
		case Guest():
			t.Fatalf("the guest has not what it must have: %s: %v", feature.name, err)
		default:
			t.Skipf("needs %s: %v", feature.name, err)
		}
	}
}

// NeedCRIU skips a test of checkpoint and restore, which only one of the guests can run. It
// asks CRIU itself, independently of fsrun, whether it works here.
func NeedCRIU(t testing.TB) {
	t.Helper()
	if output, err := exec.Command("criu", "check").CombinedOutput(); err != nil {
		t.Skipf("native only: needs CRIU, as it is with go run ./internal/check -only checkpoint: %v: %s", err, bytes.TrimSpace(output))
	}
}

// NeedProgram skips a test that uses another tool, which the guest need not have.
func NeedProgram(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("native only: %s is not installed", name)
	}
	return path
}

// NeedSystemd skips a test unless systemd is process 1, as it is in only one of the guests.
func NeedSystemd(t testing.TB) {
	t.Helper()
	if !UnderSystemd() {
		t.Skip("native only: systemd is not process 1 here, as it is with go run ./internal/vm -systemd")
	}
}

// UnderSystemd is sd_booted(3).
func UnderSystemd() bool {
	_, err := os.Lstat("/run/systemd/system")
	return err == nil
}

// NativeOnly skips the test in the guest.
func NativeOnly(t testing.TB, reason string) {
	t.Helper()
	if Guest() {
		t.Skip("native only: " + reason)
	}
}

func root() error {
	if os.Geteuid() != 0 {
		return errors.New("the user is another one")
	}
	return nil
}

func cgroupTree() error {
	var stat unix.Statfs_t
	if err := unix.Statfs(CgroupMount, &stat); err != nil {
		return &os.PathError{Op: "statfs", Path: CgroupMount, Err: err}
	}
	if stat.Type != unix.CGROUP2_SUPER_MAGIC {
		return fmt.Errorf("%s is another file system", CgroupMount)
	}
	return nil
}
