package protocol

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExplain(t *testing.T) {
	fault := &Fault{Code: CodeHook, Detail: "exited with status 1"}
	for _, test := range []struct {
		name string
		err  error
		want *Fault
	}{
		{"a Fault", fault, fault},
		{"a Fault inside", fmt.Errorf("hook 0: %w", fault), fault},
		{"text", errors.New("no such thing"), &Fault{Code: CodeOperation, Detail: "no such thing"}},
		{"a number", syscall.EPERM, &Fault{Code: CodeOperation, Errno: syscall.EPERM}},
		{"a call", os.NewSyscallError("fsmount", syscall.EPERM), &Fault{Code: CodeOperation, Call: "fsmount", Errno: syscall.EPERM}},
		{"a path", &fs.PathError{Op: "open", Path: "/proc/self", Err: syscall.ENOENT},
			&Fault{Code: CodeOperation, Call: "open", Object: "/proc/self", Errno: syscall.ENOENT}},
		{"a call with more to say", fmt.Errorf("mount the root: %w", os.NewSyscallError("fsmount", syscall.EPERM)),
			&Fault{Code: CodeOperation, Call: "fsmount", Errno: syscall.EPERM, Detail: "mount the root: fsmount: operation not permitted"}},
		{"a malformed frame", &Malformed{Offset: 3, Reason: "1 trailing bytes"},
			&Fault{Code: CodeMalformed, Detail: "malformed frame at byte 3: 1 trailing bytes"}},
		{"an unexpected frame", &Malformed{Reason: "x", unexpected: true},
			&Fault{Code: CodeUnexpected, Detail: "malformed frame at byte 0: x"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Explain(CodeOperation, test.err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
