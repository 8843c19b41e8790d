package seccomp

import (
	"fmt"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
)

//go:generate go run ./internal/gensyscalls

// call is a row in an architecture's system call table.
type call struct {
	number uint32
	name   uint16 // index into syscallNames
}

// x32Bit is __X32_SYSCALL_BIT in asm/unistd.h: it marks a call in x86_64's audit
// architecture as x32.
const x32Bit = 0x40000000

// armPrivate is __ARM_NR_BASE in asm/unistd.h: numbers from here on are not in the kernel's
// table and say nothing about its age.
const armPrivate = 0x0f0000

// architecture describes one system call ABI.
type architecture struct {
	name  specs.Arch
	audit uint32  // AUDIT_ARCH_* of linux/audit.h, found in seccomp_data.arch
	calls *[]call // sorted by number; a pointer, so that the linker can lay this out

	// Calls of this ABI have numbers from first to last. Two ABIs may share an audit value
	// if their numbers do not overlap.
	first, last uint32

	// ordinary is the end of the numbers that count when looking for the highest known
	// call.
	ordinary uint32
}

var (
	x86_64  = architecture{specs.ArchX86_64, 0xc000003e, &callsX86_64, 0, x32Bit - 1, x32Bit - 1}
	x32     = architecture{specs.ArchX32, 0xc000003e, &callsX32, x32Bit, 2*x32Bit - 1, 2*x32Bit - 1}
	x86     = architecture{specs.ArchX86, 0x40000003, &callsX86, 0, 1<<32 - 1, 1<<32 - 1}
	aarch64 = architecture{specs.ArchAARCH64, 0xc00000b7, &callsAArch64, 0, 1<<32 - 1, 1<<32 - 1}
	arm     = architecture{specs.ArchARM, 0x40000028, &callsARM, 0, 1<<32 - 1, armPrivate - 1}
	riscv64 = architecture{specs.ArchRISCV64, 0xc00000f3, &callsRISCV64, 0, 1<<32 - 1, 1<<32 - 1}
)

// numberSharers are ABIs with the same audit architecture, which divide the 32-bit numbers
// among themselves.
type numberSharers []*architecture

// machine is a processor with the ABIs that its kernels can offer. The very first ABI is
// the native one.
type machine struct {
	goarch string
	abis   []numberSharers
}

var machines = [...]machine{
	{"amd64", []numberSharers{{&x86_64, &x32}, {&x86}}},
	{"arm64", []numberSharers{{&aarch64}, {&arm}}},
	{"riscv64", []numberSharers{{&riscv64}}},
}

// foreign lists the architectures in the OCI runtime specification that no supported
// machine runs.
var foreign = [...]specs.Arch{
	specs.ArchMIPS, specs.ArchMIPS64, specs.ArchMIPS64N32,
	specs.ArchMIPSEL, specs.ArchMIPSEL64, specs.ArchMIPSEL64N32,
	specs.ArchPPC, specs.ArchPPC64, specs.ArchPPC64LE, specs.ArchS390, specs.ArchS390X,
	specs.ArchPARISC, specs.ArchPARISC64, specs.ArchLOONGARCH64, specs.ArchM68K,
	specs.ArchSH, specs.ArchSHEB,
}

// Architectures returns the SCMP_ARCH_* names for which Compile can generate code on some
// machine.
func Architectures() []string {
	var names []string
	for i := range machines {
		for _, sharers := range machines[i].abis {
			for _, abi := range sharers {
				names = append(names, string(abi.name))
			}
		}
	}
	return names
}

// machineFor returns the machine of a GOARCH value.
func machineFor(goarch string) (*machine, error) {
	for i := range machines {
		if machines[i].goarch == goarch {
			return &machines[i], nil
		}
	}
	return nil, fmt.Errorf("linux.seccomp: no system call tables for %s, only for amd64, arm64 and riscv64", goarch)
}

// native returns the ABI of the kernel itself.
func (m *machine) native() *architecture { return m.abis[0][0] }

// selection is the set of ABIs that a filter covers: the native one and those that the profile lists.
type selection struct {
	machine *machine
	listed  []specs.Arch
}

func (s selection) covers(abi *architecture) bool {
	return abi == s.machine.native() || slices.Contains(s.listed, abi.name)
}

func (s selection) coversAny(abis numberSharers) bool {
	return slices.ContainsFunc(abis, s.covers)
}

// selectABIs checks linux.seccomp.architectures.
func (m *machine) selectABIs(listed []specs.Arch) (selection, error) {
	for i, name := range listed {
		if !knownArchitecture(name) {
			return selection{}, fmt.Errorf("linux.seccomp.architectures[%d]: unknown architecture %q, want one of %s or another SCMP_ARCH_* of the OCI runtime specification",
				i, name, list(Architectures()))
		}
	}
	return selection{m, listed}, nil
}

func knownArchitecture(name specs.Arch) bool {
	for i := range machines {
		for _, sharers := range machines[i].abis {
			for _, abi := range sharers {
				if abi.name == name {
					return true
				}
			}
		}
	}
	return slices.Contains(foreign[:], name)
}
