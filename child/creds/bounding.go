package creds

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/protocol"
)

// standing returns the bounding set as it is, and the capabilities that the kernel knows.
func standing() (held, known uint64, err error) {
	for capability := uintptr(0); capability < 64; capability++ {
		in, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, capability, 0, 0, 0)
		if err == unix.EINVAL { //nolint:errorlint // bare errno; past the last capability
			break
		}
		if err != nil {
			return 0, 0, os.NewSyscallError("prctl PR_CAPBSET_READ", err)
		}
		known |= 1 << capability
		held |= uint64(in) << capability
	}
	return held, known, nil
}

// bounding drops the unwanted capabilities from the bounding set.
func bounding(program *sys.Program, dropped uint64) {
	for capability := uintptr(0); capability < 64; capability++ {
		if dropped&(1<<capability) != 0 {
			program.Must("prctl", fmt.Sprintf("PR_CAPBSET_DROP %d", capability), unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, capability, 0, 0, 0)
		}
	}
}

// refuseLacking refuses capability sets that the program could not have exactly, although
// no system call would fail: nothing adds to a bounding set, and the kernel ignores bits
// that it does not know (capabilities(7)). The error is a *protocol.Fault with the code
// CodeCredentials (SPEC.md, M-ACT-13).
func refuseLacking(op *protocol.Execute, held, known uint64) error {
	for _, set := range [...]struct {
		name             string
		asked, grantable uint64
	}{
		{"bounding", op.Bounding, held},
		{"effective", op.Effective, known},
		{"permitted", op.Permitted, known},
		{"inheritable", op.Inheritable, known},
		{"ambient", op.Ambient, known},
	} {
		if lacking := set.asked &^ set.grantable; lacking != 0 {
			return &protocol.Fault{
				Code: protocol.CodeCredentials, Path: "process.capabilities." + set.name,
				Detail: fmt.Sprintf("the %s set 0x%x holds 0x%x, which the child has not to give", set.name, set.asked, lacking),
			}
		}
	}
	return nil
}
