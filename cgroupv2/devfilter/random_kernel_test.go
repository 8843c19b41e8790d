package devfilter

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// drawRules makes random rules about devices that everybody has, so that they overlap.
func drawRules(random *rand.Rand) (rules []specs.LinuxDeviceCgroup) {
	some := func(numbers ...int64) *int64 {
		if n := random.IntN(len(numbers) + 1); n < len(numbers) {
			return &numbers[n]
		}
		return nil
	}
	for range random.IntN(8) {
		rules = append(rules, specs.LinuxDeviceCgroup{
			Allow: random.IntN(2) == 0, Type: []string{"", "a", "b", "c"}[random.IntN(4)],
			Major: some(-1, 1, 1, 7), Minor: some(-1, 0, 3, 5, 7), Access: []string{"r", "w", "m", "rw", "rm", "wm", "rwm"}[random.IntN(7)],
		})
	}
	return rules
}

// TestRandomRulesInTheKernel loads programs for random rules. What open(2) and mknod(2)
// then permit must agree with the reference.
func TestRandomRulesInTheKernel(t *testing.T) {
	const sets = 40
	group := newGroup(t, "random")
	random := rand.New(rand.NewPCG(7, 8))
	devices := []struct {
		path         string
		kind         uint32
		major, minor uint32
	}{{"/dev/null", 2, 1, 3}, {"/dev/zero", 2, 1, 5}, {"/dev/full", 2, 1, 7}, {"", 1, 7, 0}, {"", 2, 7, 3}}
	const read, write, node = 1 << 1, 1 << 2, 1 << 0
	asked := 0
	var standing Instructions
	for range sets {
		rules := drawRules(random)
		program, err := Compile(rules)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Update(group.FD(), standing, program); err != nil {
			t.Fatal(err)
		}
		standing = program
		dir := t.TempDir()
		want := map[probe]syscall.Errno{}
		decide := func(p probe, kind, access, major, minor uint32) {
			want[p] = unix.EPERM
			if allowed(rules, request{kind: kind, access: access, major: major, minor: minor}) {
				want[p] = 0
			}
		}
		for i, device := range devices {
			mode := map[uint32]uint32{1: unix.S_IFBLK, 2: unix.S_IFCHR}[device.kind] | 0o600
			decide(probe{Path: filepath.Join(dir, fmt.Sprint(i)), Mode: mode, Major: device.major, Minor: device.minor}, device.kind, node, device.major, device.minor)
			if device.path != "" {
				for flags, access := range map[int]uint32{unix.O_RDONLY: read, unix.O_WRONLY: write, unix.O_RDWR: read | write} {
					decide(probe{Path: device.path, Flags: flags}, device.kind, access, device.major, device.minor)
				}
			}
		}
		asked += len(want)
		expect(t, group, want)
		if t.Failed() {
			t.Fatalf("the rules are %+v", rules)
		}
	}
	t.Logf("figure: device decisions asked of the kernel %d", asked)
}
