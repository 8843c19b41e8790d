package seccomp

import (
	"fmt"
	"slices"
	"sync"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// This file is the reference that the compiler is compared with. It reads the profile
// directly for one call at a time, as the package comment describes it, and shares nothing
// with the compiler except the tables of names and numbers.

// abiOf returns the ABI that a call uses on a machine, by the values in linux/audit.h.
func abiOf(goarch string, d *data) (abi specs.Arch, native bool) {
	switch {
	case goarch == "amd64" && d.architecture == 0xc000003e && d.number>>30 == 1:
		return specs.ArchX32, false
	case goarch == "amd64" && d.architecture == 0xc000003e:
		return specs.ArchX86_64, true
	case goarch == "amd64" && d.architecture == 0x40000003:
		return specs.ArchX86, false
	case goarch == "arm64" && d.architecture == 0xc00000b7:
		return specs.ArchAARCH64, true
	case goarch == "arm64" && d.architecture == 0x40000028:
		return specs.ArchARM, false
	case goarch == "riscv64" && d.architecture == 0xc00000f3:
		return specs.ArchRISCV64, true
	}
	return "", false
}

type nameTable struct {
	calls    []call
	byNumber map[uint32]string
	byName   map[string]uint32
}

// nameTables converts the generated tables to maps.
var nameTables = sync.OnceValue(func() map[specs.Arch]nameTable {
	tables := map[specs.Arch]nameTable{}
	for abi, calls := range map[specs.Arch][]call{
		specs.ArchX86_64: callsX86_64, specs.ArchX32: callsX32, specs.ArchX86: callsX86,
		specs.ArchAARCH64: callsAArch64, specs.ArchARM: callsARM, specs.ArchRISCV64: callsRISCV64,
	} {
		t := nameTable{calls, map[uint32]string{}, map[string]uint32{}}
		for _, c := range calls {
			t.byNumber[c.number] = syscallNames[c.name]
			t.byName[syscallNames[c.name]] = c.number
		}
		tables[abi] = t
	}
	return tables
})

// multiplexedName returns the call that a use of socketcall or ipc on x86 stands for.
func multiplexedName(name string, selector uint64) string {
	switch name {
	case "socketcall":
		return map[uint32]string{
			1: "socket", 2: "bind", 3: "connect", 4: "listen", 5: "accept", 6: "getsockname", 7: "getpeername",
			8: "socketpair", 9: "send", 10: "recv", 11: "sendto", 12: "recvfrom", 13: "shutdown", 14: "setsockopt",
			15: "getsockopt", 16: "sendmsg", 17: "recvmsg", 18: "accept4", 19: "recvmmsg", 20: "sendmmsg",
		}[uint32(selector)]
	case "ipc":
		return map[uint16]string{
			1: "semop", 2: "semget", 3: "semctl", 4: "semtimedop", 11: "msgsnd", 12: "msgrcv", 13: "msgget",
			14: "msgctl", 21: "shmat", 22: "shmdt", 23: "shmget", 24: "shmctl",
		}[uint16(selector)]
	}
	return ""
}

// severity lists the actions as in seccomp(2), the one with the highest precedence first.
var severity = []specs.LinuxSeccompAction{
	specs.ActKillProcess, specs.ActKillThread, specs.ActTrap, specs.ActErrno,
	specs.ActNotify, specs.ActTrace, specs.ActLog, specs.ActAllow,
}

func severityOf(a specs.LinuxSeccompAction) int {
	if a == specs.ActKill {
		a = specs.ActKillThread
	}
	return slices.Index(severity, a)
}

// returnValue returns what a filter returns for an action, by the values in
// linux/seccomp.h.
func returnValue(a specs.LinuxSeccompAction, errno *uint) uint32 {
	number := uint32(1) // EPERM
	if errno != nil {
		number = uint32(*errno)
	}
	switch a {
	case specs.ActKillProcess:
		return 0x80000000
	case specs.ActKill, specs.ActKillThread:
		return 0
	case specs.ActTrap:
		return 0x00030000
	case specs.ActErrno:
		return 0x00050000 | number
	case specs.ActNotify:
		return 0x7fc00000
	case specs.ActTrace:
		return 0x7ff00000 | number
	case specs.ActLog:
		return 0x7ffc0000
	case specs.ActAllow:
		return 0x7fff0000
	}
	panic("action " + a)
}

func holds(c specs.LinuxSeccompArg, argument uint64) bool {
	switch c.Op {
	case specs.OpNotEqual:
		return argument != c.Value
	case specs.OpLessThan:
		return argument < c.Value
	case specs.OpLessEqual:
		return argument <= c.Value
	case specs.OpEqualTo:
		return argument == c.Value
	case specs.OpGreaterEqual:
		return argument >= c.Value
	case specs.OpGreaterThan:
		return argument > c.Value
	case specs.OpMaskedEqual:
		return argument&c.Value == c.ValueTwo&c.Value
	}
	panic("operator " + c.Op)
}

// matches reports whether, for every argument with conditions, one of them holds.
func matches(conditions []specs.LinuxSeccompArg, arguments [6]uint64) bool {
	for index, argument := range arguments {
		tested, held := false, false
		for _, c := range conditions {
			if c.Index == uint(index) {
				tested = true
				held = held || holds(c, argument)
			}
		}
		if tested && !held {
			return false
		}
	}
	return true
}

func names(rule specs.LinuxSyscall, call string) bool {
	return slices.Contains(rule.Names, call) ||
		call == "arm_sync_file_range" && slices.Contains(rule.Names, "sync_file_range2")
}

// reference says what a profile means for single calls.
type reference struct {
	goarch  string
	profile *specs.LinuxSeccomp
	highest map[specs.Arch]int64 // the highest number that the profile names, or -1
}

func newReference(goarch string, profile *specs.LinuxSeccomp) *reference {
	return &reference{goarch, profile, map[specs.Arch]int64{}}
}

// evaluate returns the verdict of the profile on a call.
func (r *reference) evaluate(d *data) uint32 {
	profile := r.profile
	abi, native := abiOf(r.goarch, d)
	if abi == "" || !native && !slices.Contains(profile.Architectures, abi) {
		return 0x80000000
	}
	call, known := nameTables()[abi].byNumber[d.number]

	best, value := len(severity), returnValue(profile.DefaultAction, profile.DefaultErrnoRet)
	if known {
		for _, rule := range profile.Syscalls {
			if s := severityOf(rule.Action); s < best && names(rule, call) && matches(rule.Args, d.arguments) {
				best, value = s, returnValue(rule.Action, rule.ErrnoRet)
			}
		}
	}
	if inner := multiplexedName(call, d.arguments[0]); abi == specs.ArchX86 && inner != "" {
		if s, v, ok := worst(profile, inner); ok && s < best {
			best, value = s, v
		}
	}
	if best == len(severity) && r.aboveHighest(abi, d.number) &&
		severityOf(profile.DefaultAction) < severityOf(specs.ActTrace) {
		return 0x00050000 | 38 // ENOSYS
	}
	return value
}

// worst returns the most restrictive action that any arguments of a call can lead to,
// unless that is the default action.
func worst(profile *specs.LinuxSeccomp, call string) (best int, value uint32, ok bool) {
	best = len(severity)
	decided := false
	for _, rule := range profile.Syscalls {
		if !names(rule, call) {
			continue
		}
		decided = decided || len(rule.Args) == 0
		if s := severityOf(rule.Action); s < best {
			best, value = s, returnValue(rule.Action, rule.ErrnoRet)
		}
	}
	return best, value, best < len(severity) && (decided || best < severityOf(profile.DefaultAction))
}

// aboveHighest reports whether a number is above all that the profile names for an ABI.
func (r *reference) aboveHighest(abi specs.Arch, number uint32) bool {
	if abi == specs.ArchX86_64 && number >= 0x80000000 {
		return true // no call of any ABI
	}
	if call, known := nameTables()[abi].byNumber[number]; known && r.names(abi, call) {
		return false
	}
	highest, ok := r.highest[abi]
	if !ok {
		highest = -1
		for name, n := range nameTables()[abi].byName {
			private := abi == specs.ArchARM && n >= 0x0f0000 // not in the kernel's table
			if !private && r.names(abi, name) {
				highest = max(highest, int64(n))
			}
		}
		r.highest[abi] = highest
	}
	return highest >= 0 && int64(number) > highest
}

func (r *reference) names(abi specs.Arch, call string) bool {
	return slices.ContainsFunc(r.profile.Syscalls, func(rule specs.LinuxSyscall) bool { return names(rule, call) }) ||
		abi == specs.ArchX86 && multiplexes(r.profile, call)
}

// multiplexes reports whether a profile's rules for other calls extend to a multiplexer.
func multiplexes(profile *specs.LinuxSeccomp, name string) bool {
	for selector := range uint64(32) {
		if inner := multiplexedName(name, selector); inner != "" {
			if _, _, ok := worst(profile, inner); ok {
				return true
			}
		}
	}
	return false
}

// difference compares a filter with the profile it was compiled from on one call.
func (r *reference) difference(filter *interpreter, d *data) error {
	if got, want := filter.run(d), r.evaluate(d); got != want {
		return fmt.Errorf("%s: the filter returns %#x, the profile means %#x", d, got, want)
	}
	return nil
}
