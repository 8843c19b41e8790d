package bundle

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
)

// memoryMode is a mode of set_mempolicy(2).
type memoryMode struct {
	term
	nodes nodeRule
}

// nodeRule says whether a mode takes nodes.
type nodeRule int

const (
	noNodes nodeRule = iota
	anyNodes
	someNodes
)

// The modes and flags of linux/mempolicy.h.
var memoryModes = []memoryMode{
	{term{string(specs.MpolDefault), 0}, noNodes},
	{term{string(specs.MpolBind), 2}, someNodes},
	{term{string(specs.MpolInterleave), 3}, someNodes},
	{term{string(specs.MpolWeightedInterleave), 6}, someNodes},
	{term{string(specs.MpolPreferred), 1}, anyNodes},
	{term{string(specs.MpolPreferredMany), 5}, someNodes},
	{term{string(specs.MpolLocal), 4}, noNodes},
}

var memoryFlags = []term{
	{string(specs.MpolFNumaBalancing), 1 << 13},
	{string(specs.MpolFRelativeNodes), 1 << 14},
	{string(specs.MpolFStaticNodes), 1 << 15},
}

// MemoryPolicyModes names the modes of linux.memoryPolicy.
func MemoryPolicyModes() []string {
	names := make([]string, len(memoryModes))
	for i, mode := range memoryModes {
		names[i] = mode.name
	}
	return names
}

// MemoryPolicyFlags names the flags of linux.memoryPolicy.
func MemoryPolicyFlags() []string { return strings.Split(termNames(memoryFlags), ", ") }

// MemoryPolicy converts a validated linux.memoryPolicy for set_mempolicy(2): the mode
// including its flags, and the nodes.
func MemoryPolicy(p *specs.LinuxMemoryPolicy) (mode uint32, nodes []uint32) {
	i := slices.IndexFunc(memoryModes, func(m memoryMode) bool { return m.name == string(p.Mode) })
	mode = uint32(memoryModes[i].number)
	for _, name := range p.Flags {
		flag, _ := lookupTerm(memoryFlags, string(name))
		mode |= uint32(flag)
	}
	nodes, _ = ParseList("", p.Nodes, protocol.MaxNode)
	return mode, nodes
}

func checkMemoryPolicy(path string, spec *specs.Spec) error {
	p := spec.Linux.MemoryPolicy
	if p == nil {
		return nil
	}
	i := slices.IndexFunc(memoryModes, func(m memoryMode) bool { return m.name == string(p.Mode) })
	if i < 0 {
		return refuse(path+".mode", quote(string(p.Mode)), strings.Join(MemoryPolicyModes(), ", "))
	}
	nodes, err := ParseList(path+".nodes", p.Nodes, protocol.MaxNode)
	switch {
	case err != nil:
		return err
	case memoryModes[i].nodes == noNodes && len(nodes) > 0:
		return refuse(path+".nodes", quote(p.Nodes), "none with "+string(p.Mode))
	case memoryModes[i].nodes == someNodes && len(nodes) == 0:
		return refuse(path+".nodes", "is empty", "at least one node with "+string(p.Mode))
	}
	for i, flag := range p.Flags {
		if _, known := lookupTerm(memoryFlags, string(flag)); !known {
			return refuse(index(path+".flags", i), quote(string(flag)), termNames(memoryFlags))
		}
	}
	if slices.Contains(p.Flags, specs.MpolFStaticNodes) && slices.Contains(p.Flags, specs.MpolFRelativeNodes) {
		return refuse(path+".flags", "has both MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES", "one of them")
	}
	return nil
}

// The execution domains of personality(2) that config-linux.md, "Personality", lists.
var personalities = []term{{string(specs.PerLinux), 0}, {string(specs.PerLinux32), 8}}

// Persona converts a validated linux.personality for personality(2).
func Persona(p *specs.LinuxPersonality) uint32 {
	number, _ := lookupTerm(personalities, string(p.Domain))
	return uint32(number)
}

func checkPersonality(path string, spec *specs.Spec) error {
	p := spec.Linux.Personality
	if p == nil {
		return nil
	}
	if _, known := lookupTerm(personalities, string(p.Domain)); !known {
		return refuse(path+".domain", quote(string(p.Domain)), termNames(personalities))
	}
	if len(p.Flags) > 0 {
		return refuse(index(path+".flags", 0), quote(string(p.Flags[0])), "no flags: the specification knows none")
	}
	return nil
}

// clocks lists the clocks that a time namespace can offset (time_namespaces(7)), by their
// kernel names.
var clocks = []string{"boottime", "monotonic"}

const nanosecondsPerSecond = 1_000_000_000

// TimeOffsets converts a validated linux.timeOffsets for /proc/PID/timens_offsets.
func TimeOffsets(spec *specs.Spec) string {
	var lines strings.Builder
	for _, clock := range clocks {
		if offset, set := spec.Linux.TimeOffsets[clock]; set {
			lines.WriteString(clock + " " + strconv.FormatInt(offset.Secs, 10) + " " + decimal(offset.Nanosecs) + "\n")
		}
	}
	return lines.String()
}

func checkTimeOffsets(path string, spec *specs.Spec) error {
	offsets := spec.Linux.TimeOffsets
	if len(offsets) == 0 {
		return nil
	}
	for _, clock := range slices.Sorted(maps.Keys(offsets)) {
		at := path + "[" + quote(clock) + "]"
		if !slices.Contains(clocks, clock) {
			return refuse(at, "is not a clock that can be set off", strings.Join(clocks, ", "))
		}
		if nanoseconds := offsets[clock].Nanosecs; nanoseconds >= nanosecondsPerSecond {
			return refuse(at+".nanosecs", decimal(nanoseconds), "0..999999999")
		}
	}
	if namespace := FindNamespace(spec, specs.TimeNamespace); namespace == nil || namespace.Path != "" {
		return refuse(path, "is set, but linux.namespaces does not ask for a new \"time\" namespace", "offsets only with a new time namespace")
	}
	return nil
}

// maxInterface is the longest name of a network interface: IFNAMSIZ in linux/if.h, without
// the terminator.
const maxInterface = unix.IFNAMSIZ - 1

func checkNetDevices(path string, spec *specs.Spec) error {
	devices := spec.Linux.NetDevices
	if len(devices) == 0 {
		return nil
	}
	if !Isolated(spec, specs.NetworkNamespace) {
		return refuse(path, "is set, but the network namespace is the host's", "devices only with a network namespace of the container's own")
	}
	taken := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(devices)) {
		at := path + "[" + quote(name) + "]"
		if !isInterface(name) {
			return refuse(at, "is not the name of an interface", interfaceNames)
		}
		target := NetDeviceName(spec, name)
		template := strings.Count(target, "%d") == 1
		if plain := strings.Replace(target, "%d", "0", 1); !isInterface(plain) || strings.Contains(plain, "%") {
			return refuse(at+".name", quote(target)+" is not the name of an interface", interfaceNames+`; one "%d" in it becomes a number`)
		}
		if other := taken[target]; other != "" && !template {
			return refuse(at+".name", quote(target)+" is the name of "+quote(other)+" already", "a name for each device")
		}
		taken[target] = name
	}
	return nil
}

// NetDeviceName returns the name in the container of a network device of the host.
func NetDeviceName(spec *specs.Spec, name string) string {
	if renamed := spec.Linux.NetDevices[name].Name; renamed != "" {
		return renamed
	}
	return name
}

const interfaceNames = "1 to 15 bytes without slashes, colons and white space"

// isInterface is the kernel's dev_valid_name.
func isInterface(name string) bool {
	return name != "" && len(name) <= maxInterface && name != "." && name != ".." && !strings.ContainsAny(name, "/: \t\n\v\f\r")
}

// checkSeccompListener requires a path that does not depend on the runtime's working
// directory.
func checkSeccompListener(path string, spec *specs.Spec) error {
	if spec.Linux.Seccomp == nil || spec.Linux.Seccomp.ListenerPath == "" {
		return nil
	}
	return checkAbsolutePath(path, spec.Linux.Seccomp.ListenerPath)
}

// checkLabel refuses what the kernel would read as more than one label.
func checkLabel(path, label string) error {
	switch {
	case len(label) >= maxPath:
		return refuse(path, strconv.Itoa(len(label))+" bytes", "at most "+strconv.Itoa(maxPath-1))
	case strings.ContainsAny(label, "\n\x00"):
		return refuse(path, quote(label)+" has a line break", "one label")
	}
	return nil
}
