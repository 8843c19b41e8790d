package bundle

import (
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// CapabilityNames lists the capabilities of capabilities(7), indexed by their kernel
// numbers (linux/capability.h).
var CapabilityNames = [...]string{
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
}

// CapabilitySets holds the five capability sets of a process as masks: bit n stands for
// capability n.
type CapabilitySets struct {
	Bounding, Effective, Inheritable, Permitted, Ambient uint64
}

// ParseCapabilities converts names to masks. It leaves out what cannot be granted and
// returns a warning for it, as the OCI runtime specification requires for
// process.capabilities: unknown names, effective capabilities that are not permitted, and
// ambient ones that are not both permitted and inheritable (capabilities(7)). Without a
// capabilities object, all five sets are empty.
func ParseCapabilities(capabilities *specs.LinuxCapabilities) (CapabilitySets, []string) {
	var sets CapabilitySets
	if capabilities == nil {
		return sets, nil
	}
	var warnings []string
	for _, set := range []struct {
		path  string
		names []string
		mask  *uint64
	}{
		{"process.capabilities.bounding", capabilities.Bounding, &sets.Bounding},
		{"process.capabilities.effective", capabilities.Effective, &sets.Effective},
		{"process.capabilities.inheritable", capabilities.Inheritable, &sets.Inheritable},
		{"process.capabilities.permitted", capabilities.Permitted, &sets.Permitted},
		{"process.capabilities.ambient", capabilities.Ambient, &sets.Ambient},
	} {
		var unknown []string
		for _, name := range set.names {
			if number, known := capabilityNumber(name); known {
				*set.mask |= 1 << number
			} else if len(unknown) < maxNamed {
				unknown = append(unknown, quote(name))
			}
		}
		if len(unknown) > 0 {
			warnings = append(warnings, set.path+": ignoring unknown capabilities "+strings.Join(unknown, ", "))
		}
	}
	if lacking := sets.Effective &^ sets.Permitted; lacking != 0 {
		warnings = append(warnings, "process.capabilities.effective: ignoring what is not permitted: "+capabilityList(lacking))
		sets.Effective &= sets.Permitted
	}
	if lacking := sets.Ambient &^ (sets.Permitted & sets.Inheritable); lacking != 0 {
		warnings = append(warnings, "process.capabilities.ambient: ignoring what is not permitted and inheritable: "+capabilityList(lacking))
		sets.Ambient &= sets.Permitted & sets.Inheritable
	}
	return sets, warnings
}

// Limit removes what is not in held, the capabilities that the runtime can grant. It
// returns the names of those removed from the permitted and bounding sets: a container is
// started with what there is (config.md, "Linux Process").
func (s *CapabilitySets) Limit(held uint64) string {
	lacking := (s.Bounding | s.Permitted) &^ held
	for _, set := range []*uint64{&s.Bounding, &s.Effective, &s.Inheritable, &s.Permitted, &s.Ambient} {
		*set &= held
	}
	return capabilityList(lacking)
}

func capabilityNumber(name string) (int, bool) {
	for number, known := range CapabilityNames {
		if known == name {
			return number, true
		}
	}
	return 0, false
}

func capabilityList(mask uint64) string {
	var names []string
	for number, name := range CapabilityNames {
		if mask&(1<<number) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
