package sys

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// TestCPU binds the thread to each processor in turn.
func TestCPU(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.SchedSetaffinity(0, &all) }() // it was in force before
	for cpu := range 8 * len(all) * 8 {
		if !all.IsSet(cpu) {
			continue
		}
		var one unix.CPUSet
		one.Set(cpu)
		if err := unix.SchedSetaffinity(0, &one); err != nil {
			t.Fatal(err)
		}
		if got, err := CPU(); got != cpu || err != nil {
			t.Errorf("%d, %v; want %d", got, err, cpu)
		}
	}
}
