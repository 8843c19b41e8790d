package parent

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
)

// TestExplainWhereNothingIsAwaited: if a child was found dead when the parent was about to
// leave it, the error has the parent's state rather than an empty place.
//
// SPEC: M-END-3
func TestExplainWhereNothingIsAwaited(t *testing.T) {
	killed, failed := unix.WaitStatus(unix.SIGKILL), unix.WaitStatus(3<<8)
	for _, test := range []struct {
		says  string
		child process
	}{
		{"the OOM killer killed the child while the parent was in detached", process{
			counted: &cgroupv2.Stats{Memory: &cgroupv2.MemoryStats{Events: cgroupv2.MemoryEvents{OOMKill: 1}, Limit: cgroupv2.Unlimited}},
		}},
		{"killed by SIGKILL while the parent was in detached", process{ended: &killed}},
		{"ended with status 3 while the parent was in detached", process{ended: &failed}},
	} {
		err := test.child.explain(&protocol.Fault{
			Code: protocol.CodeGone, Machine: parentmachine.Table.Name, State: string(parentmachine.Detached), Detail: "gone before Detach",
		})
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("got %v, want %q in it", err, test.says)
		}
	}
}
