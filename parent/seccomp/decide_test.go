package seccomp

import (
	"runtime"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// Lets agrees with the interpreter on every number of the machine's own
// architecture.
func TestLets(t *testing.T) {
	machine, err := machineFor(runtime.GOARCH)
	if err != nil {
		t.Skip(err)
	}
	for name, profile := range map[string]*specs.LinuxSeccomp{
		"default": DefaultProfile(),
		"nothing": {DefaultAction: specs.ActErrno},
		"execve":  {DefaultAction: specs.ActKillProcess, Syscalls: []specs.LinuxSyscall{{Names: []string{"execve"}, Action: specs.ActAllow}}},
		"logged":  {DefaultAction: specs.ActLog, Syscalls: []specs.LinuxSyscall{{Names: []string{"execve", "umask"}, Action: specs.ActTrap}}},
	} {
		filter, err := Compile(profile)
		if err != nil {
			t.Fatal(err)
		}
		let := 0
		for number := range uint32(600) {
			verdict := newInterpreter(filter.Instructions).run(&data{number: number, architecture: machine.native().audit})
			want := verdict == 0x7fff0000 || verdict == 0x7ffc0000 // allow, log
			if got := filter.Lets(number); got != want {
				t.Errorf("%s: call %d: %t, the filter returns %#x", name, number, got, verdict)
			}
			if want {
				let++
			}
		}
		t.Logf("%s: %d of 600 calls are let through", name, let)
	}
}
