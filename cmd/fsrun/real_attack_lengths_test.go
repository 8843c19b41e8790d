package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
)

// TestLengthsAroundSixteenBits: texts whose lengths are near the largest 16-bit number
// arrive unchanged.
//
// CLASS: V13
func TestLengthsAroundSixteenBits(t *testing.T) {
	for _, length := range []int{1<<16 - 1, 1 << 16, 1<<16 + 1, 1<<17 - 6} {
		long := strings.Repeat("x", length-2) + "y"
		c := newContainer(t, harness.Probing(t), func(spec *specs.Spec) {
			spec.Process.Args = append(spec.Process.Args, "/"+long)
			spec.Process.Env = append(spec.Process.Env, "LONG="+long)
		})
		report := c.probe()
		equal(t, fmt.Sprint("argument of ", length), true, report.Args[len(report.Args)-1] == "/"+long)
		equal(t, fmt.Sprint("variable of ", length), true, slices.Contains(report.Env, "LONG="+long))
	}
}

// TestMegabytesOfEnvironment: of 2 MiB of environment, and as many arguments as the kernel
// accepts with it, none is lost or changed. One byte more is refused before anything is
// made.
//
// SPEC: M-LIM-1
// CLASS: V13
func TestMegabytesOfEnvironment(t *testing.T) {
	const stack, pointer = 16 << 20, 8
	variables := []string{"HOME=/"}
	for i := range 2 << 20 / 1000 {
		variables = append(variables, fmt.Sprintf("V%d=%s", i, strings.Repeat(fmt.Sprint(i%10), 990)))
	}
	var arguments []string
	filled := func(more int) harness.Edit {
		return func(spec *specs.Spec) {
			spec.Process.Env = variables
			spec.Process.Rlimits = append(spec.Process.Rlimits, specs.POSIXRlimit{Type: "RLIMIT_STACK", Soft: stack, Hard: stack})
			left := stack/4 + more - len(spec.Process.Args[0]) - 1 // it is also the path that is executed
			for _, value := range slices.Concat(variables, spec.Process.Args) {
				left -= len(value) + 1 + pointer
			}
			for left > 0 {
				size := min(left, 100_000)
				if left-size <= pointer { // not even an empty one would fit after it
					size = left
				}
				spec.Process.Args = append(spec.Process.Args, strings.Repeat("a", size-1-pointer))
				left -= size
			}
			arguments = spec.Process.Args
		}
	}
	report := newContainer(t, harness.Probing(t), filled(0)).probe()
	equal(t, "environment", variables, report.Env)
	equal(t, "arguments", arguments, report.Args)
	err := newContainer(t, harness.Probing(t), filled(1)).refuse()
	if want := fmt.Sprintf("process.env: %d bytes of environment and arguments; allowed: at most %d,", stack/4+1, stack/4); !strings.Contains(err.Error(), want) {
		t.Errorf("the error is %q, not %q", err, want)
	}
}

// TestThousandsOfMounts: a plan that takes several frames is carried out completely.
//
// SPEC: M-LIM-3
// CLASS: V13
func TestThousandsOfMounts(t *testing.T) {
	count := 5000
	if harness.Guest() {
		count = 500 // it is emulated
	}
	said := newContainer(t, harness.Shell("grep -c '^small /many/' /proc/self/mounts"), func(spec *specs.Spec) {
		spec.Mounts = append(spec.Mounts, specs.Mount{Destination: "/many", Type: "tmpfs", Source: "tmpfs"})
		for i := range count {
			spec.Mounts = append(spec.Mounts, specs.Mount{
				Destination: fmt.Sprintf("/many/%d", i), Type: "tmpfs", Source: "small", Options: []string{"nosuid", "size=4k"},
			})
		}
	}).succeed()
	equal(t, "mounts", fmt.Sprint(count), strings.TrimSpace(said))
}

// TestThousandsOfExtents: the kernel accepts 340 extents that fit into a page; more are
// refused, by their place.
//
// CLASS: V13
func TestThousandsOfExtents(t *testing.T) {
	extents := func(count, first uint32) harness.Edit {
		return func(spec *specs.Spec) {
			harness.UserNamespace(spec)
			var mappings []specs.LinuxIDMapping
			for i := range count {
				mappings = append(mappings, specs.LinuxIDMapping{ContainerID: i, HostID: first + 2*i, Size: 1})
			}
			spec.Linux.UIDMappings, spec.Linux.GIDMappings = mappings, mappings
		}
	}
	said := newContainer(t, harness.Shell("wc -l < /proc/self/uid_map"), extents(340, 1000)).succeed()
	equal(t, "lines", "340", strings.TrimSpace(said))
	for _, refused := range []struct {
		count, first uint32
		want         string
	}{{340, 100000, "4310 bytes of map"}, {341, 1000, "341 mappings"}, {5000, 1000, "5000 mappings"}} {
		err := newContainer(t, harness.Args("/bin/true"), extents(refused.count, refused.first)).refuse()
		if !strings.Contains(err.Error(), "linux.uidMappings: "+refused.want+"; allowed: ") {
			t.Errorf("%d extents from %d on: the error is %q", refused.count, refused.first, err)
		}
	}
}
