package seccomp

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// These tests load filters into the kernel, in separate processes: the test binary starts
// itself again with a job in its environment. No privileges are needed.

const jobVariable = "FSRUN_SECCOMP_TEST_JOB"

// job is what such a process does: load the profile's filter, then make the calls.
type job struct {
	Profile *specs.LinuxSeccomp
	Calls   []probeCall
	// Listener closes the listener before the calls.
	Listener bool
	// Execute replaces the process with the test binary with these arguments, instead of
	// making calls.
	Execute []string
}

type probeCall struct {
	Number    uint64
	Arguments [6]uint64
}

func TestMain(m *testing.M) {
	if encoded := os.Getenv(jobVariable); encoded != "" {
		fmt.Fprintln(os.Stderr, runJob([]byte(encoded)))
		os.Exit(3)
	}
	os.Exit(m.Run())
}

// runJob loads the filter and makes the calls, then writes their results to standard output
// and exits. It returns only on failure. After the load it only makes system calls by
// number, because the Go runtime's own may be denied.
func runJob(encoded []byte) error {
	var j job
	if err := json.Unmarshal(encoded, &j); err != nil {
		return err
	}
	filter, err := Compile(j.Profile)
	if err != nil {
		return err
	}
	results := make([]byte, 8*len(j.Calls))
	program := make([]unix.SockFilter, len(filter.Instructions))
	if _, err := binary.Decode(filter.Bytes(), binary.NativeEndian, program); err != nil {
		return err
	}
	load := &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	// Both are on the heap, which does not move, and are taken now: nothing may be
	// allocated later.
	loadAddress, resultsAddress := reflect.ValueOf(load).Pointer(), reflect.ValueOf(results).Pointer()

	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	listener, _, number := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, uintptr(filter.Flags), loadAddress)
	if number != 0 {
		return fmt.Errorf("seccomp(2): %w", number)
	}
	if j.Listener {
		unix.RawSyscall(unix.SYS_CLOSE, listener, 0, 0)
	}
	if len(j.Execute) > 0 {
		return unix.Exec("/proc/self/exe", j.Execute, []string{"GOTRACEBACK=all"})
	}
	for i := range j.Calls {
		c := &j.Calls[i]
		_, _, number := unix.RawSyscall6(uintptr(c.Number), uintptr(c.Arguments[0]), uintptr(c.Arguments[1]),
			uintptr(c.Arguments[2]), uintptr(c.Arguments[3]), uintptr(c.Arguments[4]), uintptr(c.Arguments[5]))
		binary.NativeEndian.PutUint64(results[8*i:], uint64(number))
	}
	for written := 0; written < len(results); {
		n, _, number := unix.RawSyscall(unix.SYS_WRITE, 1, resultsAddress+uintptr(written), uintptr(len(results)-written))
		if number != 0 {
			return number
		}
		written += int(n)
	}
	runtime.KeepAlive(load)
	runtime.KeepAlive(results)
	unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	return errors.New("exit_group(2) returned")
}

// pure skips a test of the compiler against the interpreter where every instruction is
// emulated: it would take minutes, and the kernel plays no part in it.
func pure(t *testing.T) {
	t.Helper()
	if os.Getenv("FSRUN_GUEST") == "1" {
		t.Skip("native only: no kernel has a part in it")
	}
}

// run starts a job in a separate process and returns what it wrote to standard output.
func run(t *testing.T, j job) ([]byte, error) {
	t.Helper()
	encoded, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "/proc/self/exe")
	command.Env = append(os.Environ(), jobVariable+"="+string(encoded), "GODEBUG=asyncpreemptoff=1", "GOGC=off")
	command.WaitDelay = 10 * time.Second
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s%s", err, &stdout, &stderr)
	}
	return stdout.Bytes(), nil
}

// start runs a job and returns the error number of every call.
func start(t *testing.T, j job) ([]unix.Errno, error) {
	t.Helper()
	output, err := run(t, j)
	if err != nil {
		return nil, err
	}
	numbers := make([]uint64, len(j.Calls))
	if _, err := binary.Decode(output, binary.NativeEndian, numbers); err != nil {
		return nil, fmt.Errorf("%d bytes of output: %w", len(output), err)
	}
	results := make([]unix.Errno, len(numbers))
	for i, number := range numbers {
		results[i] = unix.Errno(number)
	}
	return results, nil
}

// always are the calls that a process needs to report its results.
var always = specs.LinuxSyscall{
	Names:  []string{"write", "exit_group", "rt_sigreturn", "futex", "nanosleep", "close"},
	Action: specs.ActAllow,
}

// nativeAudit is what the kernel puts into seccomp_data.arch for this build's calls.
func nativeAudit(t *testing.T) uint32 {
	t.Helper()
	m, err := machineFor(runtime.GOARCH)
	if err != nil {
		t.Skip(err)
	}
	return m.native().audit
}

// TestKernelArguments compares the kernel's verdicts with the meaning of random profiles,
// for calls that ignore their arguments, so that any arguments can be tried.
func TestKernelArguments(t *testing.T) {
	audit := nativeAudit(t)
	calls := map[string]uint64{
		"getpid": unix.SYS_GETPID, "getppid": unix.SYS_GETPPID, "getuid": unix.SYS_GETUID, "getegid": unix.SYS_GETEGID,
	}
	names := []string{"getpid", "getppid", "getuid", "getegid"}
	const maxCalls = 600 // the environment limits a job to 128 KiB
	r := rand.New(rand.NewPCG(7, 8))
	for range 12 {
		profile := &specs.LinuxSeccomp{DefaultAction: specs.ActErrno, DefaultErrnoRet: errno(95), Syscalls: []specs.LinuxSyscall{always}}
		for range 16 {
			rule := specs.LinuxSyscall{
				Names:  []string{names[r.IntN(len(names))]},
				Action: []specs.LinuxSeccompAction{specs.ActAllow, specs.ActErrno, specs.ActLog, specs.ActTrace}[r.IntN(4)],
			}
			if rule.Action == specs.ActErrno {
				rule.ErrnoRet = errno(1 + uint(r.IntN(120)))
			}
			for range 1 + r.IntN(3) {
				rule.Args = append(rule.Args, specs.LinuxSeccompArg{
					Index: uint(r.IntN(6)), Op: specs.LinuxSeccompOperator(Operators()[r.IntN(len(Operators()))]),
					Value: edges[r.IntN(len(edges))], ValueTwo: edges[r.IntN(len(edges))],
				})
			}
			profile.Syscalls = append(profile.Syscalls, rule)
		}
		reference := newReference(runtime.GOARCH, profile)
		j := job{Profile: profile}
		var want []unix.Errno
		for _, name := range names {
			values, _ := comparedValues(profile, name)
			probeArguments(r, rulesFor(profile, name), values, func(arguments [6]uint64) {
				if len(j.Calls) == maxCalls {
					return
				}
				j.Calls = append(j.Calls, probeCall{calls[name], arguments})
				verdict := reference.evaluate(&data{number: uint32(calls[name]), architecture: audit, arguments: arguments})
				want = append(want, expected(verdict))
			})
		}
		got, err := start(t, j)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if got[i] != want[i] {
				encoded, _ := json.Marshal(profile)
				t.Fatalf("call %d with %#x: %v, want %v under\n%s", j.Calls[i].Number, j.Calls[i].Arguments, got[i], want[i], encoded)
			}
		}
	}
}

// expected returns the error number of a call that succeeds if it is made.
func expected(verdict uint32) unix.Errno {
	switch verdict & 0xffff0000 {
	case 0x7fff0000, 0x7ffc0000: // allow, log
		return 0
	case 0x7ff00000: // trace, without a tracer
		return unix.ENOSYS
	case 0x00050000:
		return unix.Errno(verdict & 0xffff)
	}
	panic(fmt.Sprintf("verdict %#x", verdict))
}

// TestKernelNumbers checks single calls under profiles of either kind.
func TestKernelNumbers(t *testing.T) {
	nativeAudit(t)
	allowList := &specs.LinuxSeccomp{DefaultAction: specs.ActErrno, DefaultErrnoRet: errno(95), Syscalls: []specs.LinuxSyscall{
		always, {Names: []string{"openat2", "getpid"}, Action: specs.ActAllow},
	}}
	denyList := &specs.LinuxSeccomp{DefaultAction: specs.ActAllow, Syscalls: []specs.LinuxSyscall{
		{Names: []string{"getpid"}, Action: specs.ActErrno, ErrnoRet: errno(95)},
	}}
	notify := &specs.LinuxSeccomp{DefaultAction: specs.ActAllow, ListenerPath: "/run/listener", Syscalls: []specs.LinuxSyscall{
		{Names: []string{"getpid"}, Action: specs.ActNotify},
	}}
	const unused = 5000
	for _, tt := range []struct {
		name    string
		profile *specs.LinuxSeccomp
		number  uint64
		want    unix.Errno
	}{
		{"allowed", allowList, unix.SYS_GETPID, 0},
		{"not allowed", allowList, unix.SYS_GETPPID, unix.EOPNOTSUPP},
		{"above the highest", allowList, unix.SYS_CLOSE_RANGE + 100, unix.ENOSYS},
		{"no call", allowList, 1<<32 - 1, unix.ENOSYS},
		{"denied", denyList, unix.SYS_GETPID, unix.EOPNOTSUPP},
		{"not denied", denyList, unix.SYS_GETPPID, 0},
		{"unused number", denyList, unused, unix.ENOSYS},
		{"nobody listens", notify, unix.SYS_GETPID, unix.ENOSYS},
		{"not notified", notify, unix.SYS_GETPPID, 0},
		{"default, getpid", DefaultProfile(), unix.SYS_GETPID, 0},
		{"default, setns", DefaultProfile(), unix.SYS_SETNS, unix.EPERM},
		{"default, keyctl", DefaultProfile(), unix.SYS_KEYCTL, unix.EPERM},
		{"default, bpf", DefaultProfile(), unix.SYS_BPF, unix.EPERM},
		{"default, clone3", DefaultProfile(), unix.SYS_CLONE3, unix.ENOSYS},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := start(t, job{Profile: tt.profile, Calls: []probeCall{{Number: tt.number}}, Listener: tt.profile == notify})
			if err != nil {
				t.Fatal(err)
			}
			if got[0] != tt.want {
				t.Errorf("%v, want %v", got[0], tt.want)
			}
		})
	}
}

// TestKernelLoads checks that the kernel accepts every curated filter that leaves the
// process able to report.
func TestKernelLoads(t *testing.T) {
	nativeAudit(t)
	for name, profile := range curatedProfiles() {
		if profile.DefaultAction != specs.ActAllow && profile.DefaultAction != specs.ActErrno {
			continue
		}
		if slices.Contains(profile.Flags, specs.LinuxSeccompFlagWaitKillableRecv) && !waitKillable(t) {
			t.Logf("%s needs SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, Linux 5.19", name)
			profile.Flags = nil
		}
		if _, err := start(t, job{Profile: profile}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// waitKillable asks the kernel whether it knows the flag: a known one fails because of the
// missing program.
func waitKillable(t *testing.T) bool {
	t.Helper()
	_, _, number := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV|unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, 0)
	return number == unix.EFAULT
}

// TestKernelKills checks that the process is killed by SIGSYS.
func TestKernelKills(t *testing.T) {
	nativeAudit(t)
	killing := func(names ...string) *specs.LinuxSeccomp {
		return &specs.LinuxSeccomp{DefaultAction: specs.ActAllow, Syscalls: []specs.LinuxSyscall{
			{Names: names, Action: specs.ActKillProcess},
		}}
	}
	tests := []struct {
		name    string
		profile *specs.LinuxSeccomp
		number  uint64
	}{
		{"rule", killing("getppid"), unix.SYS_GETPPID},
		{"default", &specs.LinuxSeccomp{DefaultAction: specs.ActKillProcess, Syscalls: []specs.LinuxSyscall{
			always, {Names: []string{"seccomp"}, Action: specs.ActAllow},
		}}, unix.SYS_GETPPID},
	}
	if runtime.GOARCH == "amd64" {
		tests = append(tests, struct {
			name    string
			profile *specs.LinuxSeccomp
			number  uint64
		}{"x32, which is not listed", killing("reboot"), x32Bit | unix.SYS_GETPPID})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := start(t, job{Profile: tt.profile, Calls: []probeCall{{Number: tt.number}}})
			var exit *exec.ExitError
			if !errors.As(err, &exit) {
				t.Fatalf("not killed: %v", err)
			}
			if status := exit.Sys().(syscall.WaitStatus); status.Signal() != unix.SIGSYS {
				t.Errorf("%v, want an end by SIGSYS", err)
			}
		})
	}
}

// TestKernelDefaultProfile runs a whole program, with threads and files, under the default profile.
func TestKernelDefaultProfile(t *testing.T) {
	nativeAudit(t)
	output, err := run(t, job{
		Profile: DefaultProfile(),
		Execute: []string{"seccomp.test", "-test.v", "-test.run=^TestSeccompStatus$|^TestOperators$"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"--- PASS: TestOperators", "Seccomp: 2", "\nPASS\n"} {
		if !bytes.Contains(output, []byte(want)) {
			t.Errorf("the output lacks %q:\n%s", want, output)
		}
	}
}

// TestSeccompStatus logs the seccomp mode that the kernel shows for this process.
func TestSeccompStatus(t *testing.T) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, mode, found := strings.Cut(string(status), "\nSeccomp:\t")
	if !found {
		t.Fatal("/proc/self/status has no line Seccomp: the kernel has no seccomp")
	}
	t.Logf("Seccomp: %.1s", mode)
}
