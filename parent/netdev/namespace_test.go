package netdev

import (
	"net"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
)

// TestNewNamespace: it contains only the loopback interface, which is up; the caller stays
// in its own.
func TestNewNamespace(t *testing.T) {
	harness.Need(t, harness.Root)
	const own = "/proc/thread-self/ns/net"
	before, err := os.Readlink(own)
	if err != nil {
		t.Fatal(err)
	}
	made, err := NewNamespace()
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	if now, err := os.Readlink(own); err != nil || now != before {
		t.Errorf("the caller is in %s, %v; was in %s", now, err, before)
	}
	found := make(chan []net.Interface)
	go func() {
		runtime.LockOSThread() // the thread ends with the goroutine
		if err := unix.Setns(int(made.Fd()), unix.CLONE_NEWNET); err != nil {
			t.Error(err)
		}
		interfaces, err := net.Interfaces()
		if err != nil {
			t.Error(err)
		}
		found <- interfaces
	}()
	if all := <-found; len(all) != 1 || all[0].Name != "lo" || all[0].Flags&net.FlagUp == 0 {
		t.Errorf("found %v, want lo alone, which is up", all)
	}
}
