package seccomp

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// TestHandover: the call that hands over the listener is one that the filter cannot stop.
//
// SPEC: M-LST-4
func TestHandover(t *testing.T) {
	for name, test := range map[string]struct {
		rules   []specs.LinuxSyscall
		deny    bool
		want    string
		refused bool
	}{
		"by default":                    {want: "sendmsg"},
		"denied":                        {rules: []specs.LinuxSyscall{{Names: []string{"sendmsg"}, Action: specs.ActErrno}}, want: "sendmmsg"},
		"notified of":                   {rules: []specs.LinuxSyscall{{Names: []string{"sendmsg", "write"}, Action: specs.ActNotify}}, want: "sendmmsg"},
		"logged":                        {rules: []specs.LinuxSyscall{{Names: []string{"sendmsg"}, Action: specs.ActLog}}, want: "sendmsg"},
		"traced":                        {rules: []specs.LinuxSyscall{{Names: []string{"sendmsg"}, Action: specs.ActTrace}}, want: "sendmmsg"},
		"sometimes denied":              {rules: []specs.LinuxSyscall{{Names: []string{"sendmsg"}, Action: specs.ActErrno, Args: []specs.LinuxSeccompArg{{Op: specs.OpEqualTo}}}}, want: "sendmmsg"},
		"both":                          {rules: []specs.LinuxSyscall{{Names: []string{"sendmsg", "sendmmsg"}, Action: specs.ActNotify}}, refused: true},
		"a list of what is allowed":     {deny: true, rules: []specs.LinuxSyscall{{Names: []string{"sendmmsg"}, Action: specs.ActAllow}}, want: "sendmmsg"},
		"a list that has neither of it": {deny: true, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			profile := &specs.LinuxSeccomp{DefaultAction: specs.ActAllow, ListenerPath: "/l", Syscalls: append(test.rules,
				specs.LinuxSyscall{Names: []string{"mkdir", "mkdirat"}, Action: specs.ActNotify})}
			if test.deny {
				profile.DefaultAction = specs.ActErrno
			}
			filter, err := Compile(profile)
			if (err != nil) != test.refused || err == nil && filter.Handover != test.want {
				t.Errorf("got %+v, %v, want %q", filter, err, test.want)
			}
		})
	}
}

// TestErrors: a profile that cannot be compiled is refused with the place, the value and
// what is allowed.
func TestErrors(t *testing.T) {
	rule := func(change func(*specs.LinuxSyscall)) *specs.LinuxSeccomp {
		entry := specs.LinuxSyscall{Names: []string{"getpid"}, Action: specs.ActErrno}
		change(&entry)
		return &specs.LinuxSeccomp{
			DefaultAction: specs.ActAllow,
			Syscalls:      []specs.LinuxSyscall{{Names: []string{"getppid"}, Action: specs.ActLog}, entry},
		}
	}
	arg := func(index uint, op specs.LinuxSeccompOperator) *specs.LinuxSeccomp {
		return rule(func(r *specs.LinuxSyscall) {
			r.Args = []specs.LinuxSeccompArg{{Index: 0, Op: specs.OpEqualTo}, {Index: index, Op: op}}
		})
	}
	for _, tt := range []struct {
		name    string
		profile *specs.LinuxSeccomp
		want    []string
	}{
		{"nil", nil, []string{"linux.seccomp: not set"}},
		{
			"no default action", &specs.LinuxSeccomp{},
			[]string{`linux.seccomp.defaultAction: unknown action ""`, "SCMP_ACT_ERRNO"},
		},
		{
			"default notify", &specs.LinuxSeccomp{DefaultAction: specs.ActNotify, ListenerPath: "/l"},
			[]string{"linux.seccomp.defaultAction: SCMP_ACT_NOTIFY"},
		},
		{
			"default errno too large", &specs.LinuxSeccomp{DefaultAction: specs.ActErrno, DefaultErrnoRet: errno(4096)},
			[]string{"linux.seccomp.defaultErrnoRet: 4096", "0 to 4095"},
		},
		{
			"default errno without use", &specs.LinuxSeccomp{DefaultAction: specs.ActKill, DefaultErrnoRet: errno(1)},
			[]string{"linux.seccomp.defaultErrnoRet: 1", "SCMP_ACT_KILL", "SCMP_ACT_ERRNO"},
		},
		{
			"architecture",
			&specs.LinuxSeccomp{DefaultAction: specs.ActAllow, Architectures: []specs.Arch{specs.ArchX86, "SCMP_ARCH_PDP11"}},
			[]string{`linux.seccomp.architectures[1]: unknown architecture "SCMP_ARCH_PDP11"`, "SCMP_ARCH_X86_64"},
		},
		{
			"flag",
			&specs.LinuxSeccomp{DefaultAction: specs.ActAllow, Flags: []specs.LinuxSeccompFlag{"SECCOMP_FILTER_FLAG_LOG", "LOG"}},
			[]string{`linux.seccomp.flags[1]: unknown flag "LOG"`, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"},
		},
		{
			"action", rule(func(r *specs.LinuxSyscall) { r.Action = "SCMP_ACT_DENY" }),
			[]string{`linux.seccomp.syscalls[1].action: unknown action "SCMP_ACT_DENY"`, "SCMP_ACT_TRAP"},
		},
		{
			"errno too large", rule(func(r *specs.LinuxSyscall) { r.ErrnoRet = errno(1 << 16) }),
			[]string{"linux.seccomp.syscalls[1].errnoRet: 65536", "0 to 4095"},
		},
		{
			"errno without use", rule(func(r *specs.LinuxSyscall) { r.Action, r.ErrnoRet = specs.ActAllow, errno(0) }),
			[]string{"linux.seccomp.syscalls[1].errnoRet: 0", "SCMP_ACT_ALLOW"},
		},
		{
			"no names", rule(func(r *specs.LinuxSyscall) { r.Names = nil }),
			[]string{"linux.seccomp.syscalls[1].names: empty"},
		},
		{
			"nothing to hand the listener over",
			&specs.LinuxSeccomp{DefaultAction: specs.ActAllow, ListenerPath: "/l", Syscalls: []specs.LinuxSyscall{
				{Names: []string{"sendmsg"}, Action: specs.ActNotify}, {Names: []string{"sendmmsg"}, Action: specs.ActErrno},
			}},
			[]string{"linux.seccomp.syscalls: ", "SCMP_ACT_NOTIFY", "sendmsg", "sendmmsg", "SCMP_ACT_ALLOW"},
		},
		{
			"notify without a listener", rule(func(r *specs.LinuxSyscall) { r.Action = specs.ActNotify }),
			[]string{"linux.seccomp.listenerPath: not set", "SCMP_ACT_NOTIFY"},
		},
		{
			"metadata without a listener", &specs.LinuxSeccomp{DefaultAction: specs.ActAllow, ListenerMetadata: "m"},
			[]string{`linux.seccomp.listenerMetadata: "m"`},
		},
		{
			"argument index", arg(6, specs.OpEqualTo),
			[]string{"linux.seccomp.syscalls[1].args[1].index: no argument 6", "0 to 5"},
		},
		{
			"large argument index", arg(256, specs.OpEqualTo),
			[]string{"linux.seccomp.syscalls[1].args[1].index: no argument 256"},
		},
		{
			"operator", arg(1, "=="),
			[]string{`linux.seccomp.syscalls[1].args[1].op: unknown operator "=="`, "SCMP_CMP_MASKED_EQ"},
		},
		{
			"too many names", rule(func(r *specs.LinuxSyscall) { r.Names = make([]string, maxRules) }),
			[]string{"linux.seccomp.syscalls: 2 entries with 65537 names", "65536"},
		},
		{
			"too many conditions",
			rule(func(r *specs.LinuxSyscall) { r.Args = make([]specs.LinuxSeccompArg, maxInstructions+1) }),
			[]string{"linux.seccomp.syscalls[1].args: 4097 conditions"},
		},
		{
			"too many instructions", manyConditions(1030),
			[]string{"linux.seccomp.syscalls: the rules need more than the 4096 instructions"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			filter, err := Compile(tt.profile)
			if err == nil {
				t.Fatalf("compiled to %d instructions", len(filter.Instructions))
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not contain %q", err, part)
				}
			}
		})
	}
}

// manyConditions needs four instructions for each of n values.
func manyConditions(n uint64) *specs.LinuxSeccomp {
	profile := &specs.LinuxSeccomp{DefaultAction: specs.ActErrno}
	for value := range n {
		profile.Syscalls = append(profile.Syscalls, specs.LinuxSyscall{
			Names: []string{"getpid"}, Action: specs.ActAllow,
			Args: []specs.LinuxSeccompArg{{Index: uint(value % 6), Value: value<<32 | value, Op: specs.OpEqualTo}},
		})
	}
	return profile
}

// TestLongJumps checks filters whose jumps do not fit into eight bits, up to the largest possible.
func TestLongJumps(t *testing.T) {
	pure(t)
	for _, n := range []uint64{1, 60, 61, 62, 63, 64, 65, 66, 126, 127, 128, 500, 1000} {
		profile := manyConditions(n)
		profile.Syscalls = append(profile.Syscalls,
			specs.LinuxSyscall{Names: []string{"getuid"}, Action: specs.ActErrno, ErrnoRet: errno(3), Args: []specs.LinuxSeccompArg{
				{Index: 0, Value: 1 << 40, Op: specs.OpGreaterThan}, {Index: 3, Value: 9, Op: specs.OpNotEqual},
			}},
			specs.LinuxSyscall{Names: []string{"getgid"}, Action: specs.ActTrap})
		for i := range machines {
			p := check(t, &machines[i], profile, n)
			if unexecuted := p.unexecuted(); unexecuted > 0 {
				t.Errorf("%d conditions on %s: %d of %d instructions are never executed", n, machines[i].goarch, unexecuted, len(p.program))
			}
		}
	}
}

// TestManyAlternatives checks one rule whose alternatives exceed the reach of a jump.
func TestManyAlternatives(t *testing.T) {
	profile := &specs.LinuxSeccomp{DefaultAction: specs.ActAllow, Syscalls: []specs.LinuxSyscall{{
		Names: []string{"getpid"}, Action: specs.ActErrno,
	}}}
	for value := range uint64(200) {
		profile.Syscalls[0].Args = append(profile.Syscalls[0].Args, specs.LinuxSeccompArg{
			Index: uint(value % 2), Value: value<<32 | value, Op: specs.OpEqualTo,
		})
	}
	check(t, &machines[0], profile, 1)
}

// TestPrecedence checks which of several matching rules wins, in either order of the entries.
func TestPrecedence(t *testing.T) {
	condition := []specs.LinuxSeccompArg{{Index: 0, Value: 5, Op: specs.OpEqualTo}}
	always := func(a specs.LinuxSeccompAction) specs.LinuxSyscall {
		return specs.LinuxSyscall{Names: []string{"getpid"}, Action: a}
	}
	when5 := func(a specs.LinuxSeccompAction) specs.LinuxSyscall {
		return specs.LinuxSyscall{Names: []string{"getpid"}, Action: a, Args: condition}
	}
	for _, tt := range []struct {
		name          string
		fallback      specs.LinuxSeccompAction
		first, second specs.LinuxSyscall
		on5, on6      uint32
	}{
		{"an exception to what is allowed", specs.ActKill, when5(specs.ActErrno), always(specs.ActAllow), 0x00050001, 0x7fff0000},
		{"no exception to what is denied", specs.ActKill, always(specs.ActErrno), when5(specs.ActAllow), 0x00050001, 0x00050001},
		{"the default denied expressly", specs.ActErrno, always(specs.ActErrno), when5(specs.ActAllow), 0x00050001, 0x00050001},
		{"the default allowed expressly", specs.ActAllow, always(specs.ActAllow), when5(specs.ActErrno), 0x00050001, 0x7fff0000},
		{"two conditions", specs.ActAllow, when5(specs.ActLog), when5(specs.ActTrap), 0x00030000, 0x7fff0000},
		{"killing comes first", specs.ActAllow, always(specs.ActKillThread), when5(specs.ActKillProcess), 0x80000000, 0},
	} {
		for _, order := range [][]specs.LinuxSyscall{{tt.first, tt.second}, {tt.second, tt.first}} {
			filter := compile(t, "riscv64", &specs.LinuxSeccomp{DefaultAction: tt.fallback, Syscalls: order})
			p := newInterpreter(filter.Instructions)
			on5 := p.run(&data{number: 172, architecture: 0xc00000f3, arguments: [6]uint64{5}})
			on6 := p.run(&data{number: 172, architecture: 0xc00000f3, arguments: [6]uint64{6}})
			if on5 != tt.on5 || on6 != tt.on6 {
				t.Errorf("%s: %#x and %#x, want %#x and %#x", tt.name, on5, on6, tt.on5, tt.on6)
			}
		}
	}
}

// TestSameRankKeepsOrder checks that the first of two error numbers wins.
func TestSameRankKeepsOrder(t *testing.T) {
	filter := compile(t, "riscv64", &specs.LinuxSeccomp{DefaultAction: specs.ActAllow, Syscalls: []specs.LinuxSyscall{
		{Names: []string{"getpid"}, Action: specs.ActErrno, ErrnoRet: errno(11)},
		{Names: []string{"getpid"}, Action: specs.ActErrno, ErrnoRet: errno(10)},
	}})
	got := newInterpreter(filter.Instructions).run(&data{number: 172, architecture: 0xc00000f3})
	if want := uint32(0x00050000 | 11); got != want {
		t.Errorf("%#x, want %#x", got, want)
	}
}

func TestFlags(t *testing.T) {
	all := []specs.LinuxSeccompFlag{}
	for _, name := range Flags() {
		all = append(all, specs.LinuxSeccompFlag(name))
	}
	notify := []specs.LinuxSyscall{{Names: []string{"mknodat"}, Action: specs.ActNotify}}
	onARM := []specs.LinuxSyscall{{Names: []string{"set_tls"}, Action: specs.ActNotify}}
	for _, tt := range []struct {
		name     string
		flags    []specs.LinuxSeccompFlag
		syscalls []specs.LinuxSyscall
		want     uint
	}{
		{"none", nil, nil, 0},
		{"all", all, nil, unix.SECCOMP_FILTER_FLAG_LOG | unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW},
		{"all, with a listener", all, notify, unix.SECCOMP_FILTER_FLAG_LOG | unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW |
			unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV | unix.SECCOMP_FILTER_FLAG_NEW_LISTENER},
		{"a listener", nil, notify, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER},
		{"a listener on another machine", nil, onARM, 0},
	} {
		filter := compile(t, "amd64", &specs.LinuxSeccomp{
			DefaultAction: specs.ActAllow, ListenerPath: "/run/listener", Flags: tt.flags, Syscalls: tt.syscalls,
		})
		if filter.Flags != tt.want {
			t.Errorf("%s: %#x, want %#x", tt.name, filter.Flags, tt.want)
		}
	}
}

func TestSkippedAndSummary(t *testing.T) {
	filter := compile(t, "arm64", &specs.LinuxSeccomp{
		DefaultAction: specs.ActKill,
		Architectures: []specs.Arch{specs.ArchARM, specs.ArchX86, specs.ArchS390X},
		Syscalls: []specs.LinuxSyscall{
			{Names: []string{"open", "openat", "from_the_future"}, Action: specs.ActAllow},
			{Names: []string{"from_the_future", "s390_guarded_storage", "openat"}, Action: specs.ActLog},
		},
	})
	if diff := cmp.Diff([]string{"from_the_future", "s390_guarded_storage"}, filter.Skipped); diff != "" {
		t.Errorf("skipped: %s", diff)
	}
	want := Summary{"SCMP_ACT_KILL", []ArchitectureSummary{{"SCMP_ARCH_AARCH64", 1}, {"SCMP_ARCH_ARM", 2}}}
	if diff := cmp.Diff(want, filter.Summary); diff != "" {
		t.Errorf("summary: %s", diff)
	}
}

// TestBytes checks the layout of struct sock_filter.
func TestBytes(t *testing.T) {
	f := Filter{Instructions: []Instruction{{0x15, 1, 2, 0x01020304}, {0x06, 0, 0, 0x7fff0000}}}
	want := make([]byte, 16)
	binary.NativeEndian.PutUint16(want[0:], 0x15)
	want[2], want[3] = 1, 2
	binary.NativeEndian.PutUint32(want[4:], 0x01020304)
	binary.NativeEndian.PutUint16(want[8:], 0x06)
	binary.NativeEndian.PutUint32(want[12:], 0x7fff0000)
	if diff := cmp.Diff(want, f.Bytes()); diff != "" {
		t.Error(diff)
	}
}

// TestNames compares the lists for the features command with the constants of the
// specification.
func TestNames(t *testing.T) {
	for _, tt := range []struct {
		got  []string
		want []string
	}{
		{Actions(), []string{
			"SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO",
			"SCMP_ACT_NOTIFY", "SCMP_ACT_TRACE", "SCMP_ACT_LOG", "SCMP_ACT_ALLOW",
		}},
		{Operators(), []string{
			"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ",
		}},
		{Architectures(), []string{
			"SCMP_ARCH_X86_64", "SCMP_ARCH_X32", "SCMP_ARCH_X86", "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", "SCMP_ARCH_RISCV64",
		}},
		{Flags(), []string{
			"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
			"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
		}},
	} {
		if diff := cmp.Diff(tt.want, tt.got); diff != "" {
			t.Error(diff)
		}
	}
	if !slices.IsSortedFunc(actions[:], func(a, b action) int { return int(int64(a.verdict.rank()) - int64(b.verdict.rank())) }) {
		t.Error("the actions are not in the kernel's order")
	}
}

// TestTables checks what the compiler relies on in the generated tables.
func TestTables(t *testing.T) {
	if !slices.IsSorted(syscallNames[:]) {
		t.Error("the names are not sorted")
	}
	for _, m := range machines {
		for _, sharers := range m.abis {
			for _, abi := range sharers {
				for i, c := range *abi.calls {
					if c.number < abi.first || c.number > abi.last || i > 0 && c.number <= (*abi.calls)[i-1].number {
						t.Errorf("%s: %s has the number %#x", abi.name, syscallNames[c.name], c.number)
					}
				}
			}
		}
	}
	for _, m := range multiplexedCalls {
		for _, name := range []string{m.name, m.multiplexer} {
			if _, ok := slices.BinarySearch(syscallNames[:], name); !ok {
				t.Errorf("%s is no system call", name)
			}
		}
	}
	for _, alias := range aliases {
		if i, ok := lookup(alias[0]); !ok || syscallNames[i] != alias[1] {
			t.Errorf("%s does not stand for %s", alias[0], alias[1])
		}
	}
}

// TestNativeNumbers compares the native table with the constants of this build.
func TestNativeNumbers(t *testing.T) {
	m, err := machineFor(runtime.GOARCH)
	if err != nil {
		t.Skip(err)
	}
	table := nameTables()[m.native().name].byName
	for name, want := range map[string]uint32{
		"read": unix.SYS_READ, "execve": unix.SYS_EXECVE, "openat2": unix.SYS_OPENAT2, "clone3": unix.SYS_CLONE3,
		"seccomp": unix.SYS_SECCOMP, "statx": unix.SYS_STATX, "mount_setattr": unix.SYS_MOUNT_SETATTR,
	} {
		if got, ok := table[name]; !ok || got != want {
			t.Errorf("%s has the number %d, want %d", name, got, want)
		}
	}
}

// TestUnknownMachine checks that a machine without tables is refused.
func TestUnknownMachine(t *testing.T) {
	if _, err := machineFor("s390x"); err == nil || !strings.Contains(fmt.Sprint(err), "s390x") {
		t.Errorf("got %v", err)
	}
}
