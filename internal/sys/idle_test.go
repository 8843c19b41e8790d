package sys

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// An idle process has no descriptors and no terminal, and ends when told to, whatever this
// process does in the meantime, including garbage collection.
func TestIdle(t *testing.T) {
	for range 50 {
		idle, err := NewIdle()
		if err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		kept := make([][]byte, 100)
		for n := range kept {
			kept[n] = make([]byte, 4096)
		}
		place := fmt.Sprintf("/proc/%d", idle.PID())
		waitFor(t, func() bool {
			wchan, err := os.ReadFile(place + "/syscall")
			return err == nil && strings.HasPrefix(string(wchan), fmt.Sprint(unix.SYS_PPOLL)+" ")
		})
		descriptors, err := os.ReadDir(place + "/fd")
		if err != nil || len(descriptors) != 0 {
			t.Errorf("it has the descriptors %v, %v", descriptors, err)
		}
		if session, err := unix.Getsid(idle.PID()); err != nil || session != idle.PID() {
			t.Errorf("it is in the session %d, %v", session, err)
		}
		if err := idle.End(); err != nil {
			t.Fatal(err)
		}
		if err := idle.End(); err != nil {
			t.Errorf("the second end: %v", err)
		}
		if _, err := os.Stat(place); err == nil {
			t.Error("it is still there")
		}
		runtime.KeepAlive(kept)
	}
	var none *Idle
	if err := none.End(); err != nil {
		t.Error(err)
	}
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never came to that")
		}
	}
}
