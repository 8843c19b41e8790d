package spawn

import (
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// offsetsDescriptor is where the file of offsets is open: open(2) returns the lowest
// number. Standard input is moved into its place later.
const offsetsDescriptor = 0

// openOffsets opens the file of offsets for the time namespace that the process will make.
// It does so before it joins anything: with our rights, and our /proc.
func openOffsets(program *sys.Program) {
	program.Alone() // a process cannot share memory with one in another time namespace (clone(2))
	program.May("close", unix.SYS_CLOSE, offsetsDescriptor)
	const current = ^uintptr(99) // AT_FDCWD
	program.Must("openat", "/proc/self/timens_offsets", unix.SYS_OPENAT, current,
		program.String("/proc/self/timens_offsets"), unix.O_WRONLY|unix.O_CLOEXEC, 0)
}

// makeTimeNamespace makes a time namespace for the process's children and sets its offsets,
// which must happen before the first of them is in it (time_namespaces(7)).
func makeTimeNamespace(program *sys.Program, offsets string) {
	program.Must("unshare", "CLONE_NEWTIME", unix.SYS_UNSHARE, unix.CLONE_NEWTIME)
	program.Must("write", "linux.timeOffsets: /proc/self/timens_offsets", unix.SYS_WRITE, offsetsDescriptor, program.String(offsets), uintptr(len(offsets)))
}
