package seccomp

import (
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

func compile(t testing.TB, goarch string, profile *specs.LinuxSeccomp) *Filter {
	t.Helper()
	m, err := machineFor(goarch)
	if err != nil {
		t.Fatal(err)
	}
	filter, err := compileFor(m, profile)
	if err != nil {
		t.Fatal(err)
	}
	return filter
}

func errno(n uint) *uint { return &n }

// engineProfile has the shape and size of what container engines send: some 350 names in
// one entry, a few calls with conditions, three architectures.
func engineProfile() *specs.LinuxSeccomp {
	profile := &specs.LinuxSeccomp{
		DefaultAction:   specs.ActErrno,
		DefaultErrnoRet: errno(1),
		Architectures:   []specs.Arch{specs.ArchX86_64, specs.ArchX86, specs.ArchX32},
	}
	allowed := specs.LinuxSyscall{Action: specs.ActAllow}
	for _, g := range defaultGroups {
		if g.action == specs.ActAllow && g.args == nil {
			allowed.Names = append(allowed.Names, g.names...)
		}
	}
	allowed.Names = append(allowed.Names, "ipc", "socketcall", "s390_pci_mmio_read", "switch_endian")
	personality := func(value uint64) specs.LinuxSyscall {
		return specs.LinuxSyscall{
			Names: []string{"personality"}, Action: specs.ActAllow,
			Args: []specs.LinuxSeccompArg{{Index: 0, Value: value, Op: specs.OpEqualTo}},
		}
	}
	profile.Syscalls = []specs.LinuxSyscall{
		allowed,
		{
			Names: []string{"socket"}, Action: specs.ActAllow,
			Args: []specs.LinuxSeccompArg{{Index: 0, Value: unix.AF_VSOCK, Op: specs.OpNotEqual}},
		},
		personality(0), personality(8), personality(0x20000), personality(0x20008), personality(0xffffffff),
		{Names: []string{"arch_prctl", "modify_ldt"}, Action: specs.ActAllow},
		{
			Names: []string{"clone"}, Action: specs.ActAllow,
			Args: []specs.LinuxSeccompArg{{Index: 0, Value: 0x7e020000, Op: specs.OpMaskedEqual}},
		},
		{Names: []string{"clone3"}, Action: specs.ActErrno, ErrnoRet: errno(38)},
	}
	return profile
}

// curatedProfiles are profiles as people write them.
func curatedProfiles() map[string]*specs.LinuxSeccomp {
	return map[string]*specs.LinuxSeccomp{
		"default": DefaultProfile(),
		"engine":  engineProfile(),
		"kill everything": {
			DefaultAction: specs.ActKillProcess,
		},
		"allow everything": {
			DefaultAction: specs.ActAllow,
			Architectures: []specs.Arch{specs.ArchX32, specs.ArchARM},
		},
		"deny a few": {
			DefaultAction: specs.ActAllow,
			Architectures: []specs.Arch{specs.ArchX86, specs.ArchARM},
			Syscalls: []specs.LinuxSyscall{
				{Names: []string{"getcwd", "chmod", "set_tls"}, Action: specs.ActErrno},
				{Names: []string{"socket"}, Action: specs.ActErrno, ErrnoRet: errno(97), Args: []specs.LinuxSeccompArg{
					{Index: 0, Value: unix.AF_ALG, Op: specs.OpEqualTo},
				}},
				{Names: []string{"semop", "sync_file_range2"}, Action: specs.ActLog},
			},
		},
		"conditions on several arguments": {
			DefaultAction: specs.ActKill,
			Syscalls: []specs.LinuxSyscall{
				{Names: []string{"getpid", "getppid"}, Action: specs.ActErrno, ErrnoRet: errno(2), Args: []specs.LinuxSeccompArg{
					{Index: 5, Value: 7, Op: specs.OpLessThan},
					{Index: 0, Value: 1<<32 + 5, Op: specs.OpLessThan},
					{Index: 5, Value: 1<<64 - 1, Op: specs.OpEqualTo},
					{Index: 0, Value: 3<<32 + 5, Op: specs.OpGreaterEqual},
				}},
				{Names: []string{"getpid"}, Action: specs.ActTrap, Args: []specs.LinuxSeccompArg{
					{Index: 1, Value: 0xff00000000ff, ValueTwo: 0x1100000000ee, Op: specs.OpMaskedEqual},
				}},
				{Names: []string{"getpid"}, Action: specs.ActAllow},
			},
		},
		"notify": {
			DefaultAction: specs.ActAllow,
			ListenerPath:  "/run/listener",
			Flags:         []specs.LinuxSeccompFlag{specs.LinuxSeccompFlagWaitKillableRecv},
			Syscalls: []specs.LinuxSyscall{
				{Names: []string{"mknod", "mknodat"}, Action: specs.ActNotify},
			},
		},
	}
}
