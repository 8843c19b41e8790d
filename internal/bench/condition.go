package main

import (
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// condition is what holds for all contestants while they play.
type condition struct {
	name, what string
	// arrange makes it hold until release is called.
	arrange func() (release func(), err error)
}

var conditions = []condition{
	{"free", "on all processors", func() (func(), error) { return func() {}, nil }},
	{"pinned", "pinned to one processor", pin},
	{"busy", "with a busy neighbour on each processor", arrangeNeighbours},
}

// pin binds this goroutine, and what it starts, to one processor. A runtime that lets its
// containers use all processors, as fsrun does when limits are committed, then leaves it.
func pin() (func(), error) {
	runtime.LockOSThread()
	var all, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return nil, os.NewSyscallError("sched_getaffinity", err)
	}
	for cpu := 0; one.Count() == 0; cpu++ {
		if all.IsSet(cpu) {
			one.Set(cpu)
		}
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return nil, os.NewSyscallError("sched_setaffinity", err)
	}
	return func() {
		_ = unix.SchedSetaffinity(0, &all) // this affinity was in force before
		runtime.UnlockOSThread()
	}, nil
}

// neighbourArgument turns this program into a busy neighbour.
const neighbourArgument = "be-a-busy-neighbour"

// neighbourLife bounds how long a neighbour runs if the benchmark is killed.
const neighbourLife = 30 * time.Minute

// beNeighbour keeps a processor busy until its parent dies, or for half an hour.
func beNeighbour() {
	_ = unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
	for begun := time.Now(); time.Since(begun) < neighbourLife; {
		continue
	}
	os.Exit(0)
}

func arrangeNeighbours() (func(), error) {
	var neighbours []*os.Process
	release := func() {
		for _, neighbour := range neighbours {
			_ = neighbour.Kill()
			_, _ = neighbour.Wait()
		}
	}
	for range runtime.NumCPU() {
		neighbour, err := os.StartProcess("/proc/self/exe", []string{"neighbour", neighbourArgument}, &os.ProcAttr{Env: []string{"GOMAXPROCS=1"}})
		if err != nil {
			release()
			return nil, err
		}
		neighbours = append(neighbours, neighbour)
	}
	return release, nil
}
