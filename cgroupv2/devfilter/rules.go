package devfilter

import (
	"fmt"
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// MaxRules bounds the rules in a config, defaults included. It keeps the program well
// within the verifier's limits.
const MaxRules = 1024

// Bounds of device numbers that fit into a Linux dev_t.
const (
	maxMajor = 1<<12 - 1
	maxMinor = 1<<20 - 1
)

const (
	anyType   = 0
	anyNumber = -1
	allAccess = unix.BPF_DEVCG_ACC_READ | unix.BPF_DEVCG_ACC_WRITE | unix.BPF_DEVCG_ACC_MKNOD
)

// rule is a validated rule in the kernel's terms.
type rule struct {
	allow        bool
	kind         int32 // BPF_DEVCG_DEV_* or anyType
	major, minor int32 // or anyNumber
	access       int32 // BPF_DEVCG_ACC_*, one or more
}

// catchAll reports whether the rule decides every request, so that the rules before it do
// not matter.
func (r rule) catchAll() bool {
	return r.kind == anyType && r.major == anyNumber && r.minor == anyNumber && r.access == allAccess
}

// RuleError says why a rule cannot be compiled.
type RuleError struct {
	Path    string // the JSON path in config.json
	Value   string // what is there
	Allowed string
}

func (e *RuleError) Error() string {
	return fmt.Sprintf("%s: %s is not allowed: %s", e.Path, e.Value, e.Allowed)
}

// Place returns only the JSON path.
func (e *RuleError) Place() string { return e.Path }

// defaultDevices are always allowed (config-linux.md, "Default Devices"): the runtime
// puts them into every container.
var defaultDevices = [...]struct{ major, minor int64 }{
	{1, 3},           // null
	{1, 5},           // zero
	{1, 7},           // full
	{1, 8},           // random
	{1, 9},           // urandom
	{5, 0},           // tty
	{5, 1},           // console
	{5, 2},           // ptmx
	{136, anyNumber}, // pts/*
}

// WithDefaults returns the rules followed by those that allow the default devices.
func WithDefaults(rules []specs.LinuxDeviceCgroup) []specs.LinuxDeviceCgroup {
	all := make([]specs.LinuxDeviceCgroup, 0, len(rules)+len(defaultDevices))
	all = append(all, rules...)
	for i := range defaultDevices {
		device := &defaultDevices[i]
		all = append(all, specs.LinuxDeviceCgroup{
			Allow: true, Type: "c", Major: &device.major, Minor: &device.minor, Access: "rwm",
		})
	}
	return all
}

// check converts the config's rules. Every error is a [*RuleError].
func check(rules []specs.LinuxDeviceCgroup) ([]rule, error) {
	const list = "linux.resources.devices"
	if len(rules) > MaxRules {
		return nil, &RuleError{Path: list, Value: fmt.Sprintf("%d rules", len(rules)), Allowed: fmt.Sprintf("at most %d", MaxRules)}
	}
	checked := make([]rule, 0, len(rules))
	for i, r := range rules {
		path := fmt.Sprintf("%s[%d]", list, i)
		kind, ok := kinds(r.Type)
		if !ok {
			return nil, &RuleError{path + ".type", strconv.Quote(r.Type), "a (all, also when not set), c (char) or b (block)"}
		}
		major, ok := number(r.Major, maxMajor)
		if !ok {
			return nil, &RuleError{path + ".major", strconv.FormatInt(*r.Major, 10), fmt.Sprintf("0…%d, or -1 or not set for all", maxMajor)}
		}
		minor, ok := number(r.Minor, maxMinor)
		if !ok {
			return nil, &RuleError{path + ".minor", strconv.FormatInt(*r.Minor, 10), fmt.Sprintf("0…%d, or -1 or not set for all", maxMinor)}
		}
		access, ok := accesses(r.Access)
		if !ok {
			// Empty could mean all or none. For a permission, we do not guess.
			return nil, &RuleError{path + ".access", strconv.Quote(r.Access), "one or more of r (read), w (write) and m (mknod), each once"}
		}
		checked = append(checked, rule{allow: r.Allow, kind: kind, major: major, minor: minor, access: access})
	}
	return checked, nil
}

func kinds(name string) (int32, bool) {
	switch name {
	case "", "a":
		return anyType, true
	case "c":
		return unix.BPF_DEVCG_DEV_CHAR, true
	case "b":
		return unix.BPF_DEVCG_DEV_BLOCK, true
	}
	return 0, false
}

// number converts a device number. Engines write -1 for all.
func number(n *int64, highest int64) (int32, bool) {
	switch {
	case n == nil || *n == anyNumber:
		return anyNumber, true
	case *n < 0 || *n > highest:
		return 0, false
	}
	return int32(*n), true
}

func accesses(letters string) (int32, bool) {
	var access int32
	for _, letter := range letters {
		bit, ok := accessBit(letter)
		if !ok || access&bit != 0 {
			return 0, false
		}
		access |= bit
	}
	return access, access != 0
}

func accessBit(letter rune) (int32, bool) {
	switch letter {
	case 'r':
		return unix.BPF_DEVCG_ACC_READ, true
	case 'w':
		return unix.BPF_DEVCG_ACC_WRITE, true
	case 'm':
		return unix.BPF_DEVCG_ACC_MKNOD, true
	}
	return 0, false
}
