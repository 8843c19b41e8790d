package sys

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The first thread is one of ours and not the main one, and root may set its
// slack.
func TestSlowMonitor(t *testing.T) {
	id := firstThread()
	if _, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", id)); err != nil || id == unix.Getpid() {
		t.Fatalf("the first thread is %d of process %d: %v", id, unix.Getpid(), err)
	}
	if os.Geteuid() != 0 {
		t.Skip("only root may set the slack of another thread")
	}
	SlowMonitor()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/timerslack_ns", id))
	if got, want := strings.TrimSpace(string(content)), fmt.Sprint(MonitorSlack.Nanoseconds()); err != nil || got != want {
		t.Errorf("the slack is %s ns, %v; want %s", got, err, want)
	}
}
