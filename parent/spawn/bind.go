package spawn

import (
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// bind appends the call that binds the child to CPUs, before it has other threads.
func bind(program *sys.Program, r Request) {
	if r.CPUs != nil {
		program.Must("sched_setaffinity", "the initial CPUs", unix.SYS_SCHED_SETAFFINITY, 0, uintptr(8*len(r.CPUs)), sys.Value(program, *r.CPUs))
		return
	}
	if !r.Near {
		return
	}
	here, err := sys.CPU()
	if err != nil {
		return // it is only faster
	}
	var near unix.CPUSet
	near.Set(here)
	// It fails if the cgroup that the child is born in has other CPUs.
	program.May("sched_setaffinity", unix.SYS_SCHED_SETAFFINITY, 0, uintptr(8*len(near)), sys.Value(program, near))
}
