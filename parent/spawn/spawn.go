package spawn

import (
	"fmt"
	"math"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/internal/sys/slack"
	"github.com/fsrun/fsrun/protocol"
)

// Join is a namespace to join.
type Join struct {
	Type uint64 // CLONE_NEW*
	Path string // where it comes from, for errors
	FD   int    // a descriptor of the namespace
}

// Request says what the child is to be.
type Request struct {
	// New holds the CLONE_NEW* flags of the namespaces to make.
	New uint64
	// Ahead, if not nil, is already making a part of that.
	Ahead *Ahead
	// Join lists namespaces to join. The mount namespace is not one of them: the child
	// joins it itself once its runtime is up, because the runtime reads files at its start
	// that a container could have put there. Only where that is the lesser evil, it is in
	// Watched.
	Join []Join
	// Watched is an open mount namespace in which the child must begin, -1 for none. It is
	// set if the child joins a PID namespace whose processes may look into any other, and
	// which must see nothing of the host. Join then contains that PID namespace.
	Watched int
	// Cgroup is an open cgroup directory to be born in, -1 for our own.
	Cgroup int
	// Return is an open cgroup.procs of another cgroup, to which the child goes back before
	// it executes anything, -1 for none. A new cgroup namespace is rooted at the cgroup of
	// the child's birth in either case.
	Return int
	// CPUs are those that the child, with all its threads, may run on; nil for no change.
	CPUs *unix.CPUSet
	// Near keeps the child, unless CPUs are given, on the processor that we run on: the kernel
	// would move it to another when it is made and again when it executes something, which
	// costs more than taking turns with a parent that only waits for it. The caller then sets
	// its affinity anew before the program is executed.
	Near bool
	// TimeOffsets are written for the new time namespace, in the format of
	// /proc/PID/timens_offsets; "" for none.
	TimeOffsets string
	// Stdio become descriptors 0, 1 and 2.
	Stdio [3]int
	// Preserved is how many descriptors from 3 on the child keeps.
	Preserved int
	// Socket is the child's end of the socket. It becomes the descriptor after the
	// preserved ones, and its number the child's only argument.
	Socket int
}

// environment is the child's: one processor, no garbage collection and no preemption, so
// that the runtime has no reason to start a thread.
var environment = []string{"GOMAXPROCS=1", "GOGC=off", "GODEBUG=asyncpreemptoff=1"}

// Start starts the child. It returns its process ID in our PID namespace, and what it
// executes, which the caller must close.
func Start(r Request) (pid int, binary *Binary, err error) {
	joins, err := different(r.Join)
	if err != nil {
		return 0, nil, err
	}
	hidden := joinsUser(joins)
	var entry *entry
	if r.Watched >= 0 {
		if entry, joins, err = newEntry(r.Watched, joins); err != nil {
			return 0, nil, err
		}
		defer entry.close()
	}
	if binary, err = seal(hidden); err != nil {
		return 0, nil, err
	}
	if pid, err = clone(r, joins, hidden, binary.file, entry); err != nil {
		binary.Close()
		return 0, nil, err
	}
	return pid, binary, nil
}

// clone makes the child, which executes the binary.
func clone(r Request, joins []Join, hidden bool, binary int, entry *entry) (int, error) {
	var program sys.Program
	bind(&program, r)
	flags := namespaces(&program, r, joins)
	settle(&program, r)
	kept, next, err := descriptors(&program, r, entry.descriptors())
	defer func() { closeAll(kept) }()
	if err != nil {
		return 0, err
	}
	program.Must("setsid", "", unix.SYS_SETSID) // away from the caller's terminal
	resetSignals(&program)
	if r.New&unix.CLONE_NEWUSER != 0 || hidden {
		keepCapabilities(&program)
	}
	execute(&program, binary, next, arguments(r, entry))
	if hidden {
		reveal, err := hide()
		if err != nil {
			return 0, err
		}
		defer reveal()
	}
	pid, err := sys.Clone(flags, r.Cgroup, &program)
	if err != nil || entry == nil {
		return pid, err
	}
	closeAll(kept) // including the entry's end of its pipe, without which its end would go unnoticed
	kept = nil
	if pid, err = entry.child(pid); err != nil {
		return 0, &EntryError{err}
	}
	return pid, nil
}

// namespaces appends the calls by which the process gets into its namespaces, and returns
// the flags for its clone (CLONE_NEW*).
func namespaces(program *sys.Program, r Request, joins []Join) uint64 {
	first, flags := uint64(0), r.New&^unix.CLONE_NEWCGROUP
	if r.TimeOffsets != "" {
		openOffsets(program)
		if len(joins) == 0 { // the time namespace must belong to the user namespace
			first = flags & unix.CLONE_NEWUSER
		}
		flags &^= first | unix.CLONE_NEWTIME
	}
	if flags&unix.CLONE_NEWNET != 0 && flags&unix.CLONE_NEWUSER == 0 && len(joins) == 0 && r.Ahead.hasNetwork() {
		program.Must("setns", "the network namespace made for it", unix.SYS_SETNS, uintptr(r.Ahead.network), unix.CLONE_NEWNET)
		flags &^= unix.CLONE_NEWNET
	}
	if len(joins) > 0 {
		enter(program, joins)
	}
	if r.TimeOffsets != "" {
		makeTimeNamespace(program, r.TimeOffsets)
	}
	if len(joins) > 0 || r.TimeOffsets != "" {
		// Joining a PID namespace only affects one's children, and a time namespace with
		// offsets is made for them; and new namespaces belong to the user namespace that
		// has been joined. Its root user may not be allowed to enter the cgroup, so the
		// process that joins is born there.
		program.Branch(flags)
		return first
	}
	return flags
}

// settle appends what depends on the cgroup that the child is born in. A new cgroup
// namespace is not a flag of the clone: it would be rooted at our cgroup.
func settle(program *sys.Program, r Request) {
	if r.New&unix.CLONE_NEWCGROUP != 0 {
		program.Must("unshare", "CLONE_NEWCGROUP", unix.SYS_UNSHARE, unix.CLONE_NEWCGROUP)
	}
	if r.Return >= 0 {
		program.Must("write", "cgroup.procs", unix.SYS_WRITE, uintptr(r.Return), program.String("0"), 1)
	}
}

// execute appends the calls that leave the child the descriptors below next, and nothing
// else of ours.
func execute(program *sys.Program, binary, next int, arguments []string) {
	// The first thread that the runtime makes, its monitor, inherits this. The child resets
	// its own.
	program.May("prctl", unix.SYS_PRCTL, unix.PR_SET_TIMERSLACK, uintptr(slack.Monitor.Nanoseconds()))
	program.Must("close_range", "", unix.SYS_CLOSE_RANGE, uintptr(next), math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	program.Must("execveat", "the runtime's binary", unix.SYS_EXECVEAT, uintptr(binary), program.String(""),
		program.Strings(arguments), program.Strings(environment), unix.AT_EMPTY_PATH)
}

// arguments are the child's, or those of the entry that starts it.
func arguments(r Request, entry *entry) []string {
	all := []string{protocol.ChildName, strconv.Itoa(3 + r.Preserved)}
	if entry != nil {
		all = append(all, protocol.EntryArgument)
	}
	return all
}

// hide makes this process non-dumpable until reveal is called: until it executes, a clone
// shares our memory, and the root user of the user namespace that it joins could look into
// it.
func hide() (reveal func(), err error) {
	was, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil {
		return nil, os.NewSyscallError("prctl PR_GET_DUMPABLE", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return nil, os.NewSyscallError("prctl PR_SET_DUMPABLE", err)
	}
	return func() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, uintptr(was), 0, 0, 0) }, nil
}

// descriptors appends the calls that move stdio, the socket and what comes after it into
// their places; next is the first free one. All are first duplicated to where none of them
// can be overwritten.
func descriptors(program *sys.Program, r Request, after []int) (kept []int, next int, err error) {
	socket := 3 + r.Preserved
	sources := append([]int{r.Stdio[0], r.Stdio[1], r.Stdio[2], r.Socket}, after...)
	places := []int{0, 1, 2}
	for next = socket; len(places) < len(sources); next++ {
		places = append(places, next)
	}
	for i, source := range sources {
		copied, err := unix.FcntlInt(uintptr(source), unix.F_DUPFD_CLOEXEC, next)
		if err != nil {
			return kept, next, fmt.Errorf("descriptor %d: %w", source, os.NewSyscallError("fcntl F_DUPFD_CLOEXEC", err))
		}
		kept = append(kept, copied)
		program.Must("dup3", strconv.Itoa(places[i]), unix.SYS_DUP3, uintptr(copied), uintptr(places[i]), 0)
	}
	for preserved := 3; preserved < socket; preserved++ {
		program.Must("fcntl", strconv.Itoa(preserved), unix.SYS_FCNTL, uintptr(preserved), unix.F_SETFD, 0)
	}
	return kept, next, nil
}

func closeAll(descriptors []int) {
	for _, descriptor := range descriptors {
		unix.Close(descriptor)
	}
}

// keepCapabilities makes the capabilities that a user namespace gives survive the
// execution: its root user is not mapped yet, or is not us, and a process that is not root
// loses them unless they are ambient (capabilities(7)).
func keepCapabilities(program *sys.Program) {
	header := sys.Value(program, unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3})
	all := unix.CapUserData{Effective: math.MaxUint32, Permitted: math.MaxUint32, Inheritable: math.MaxUint32}
	last := lastCapability()
	high := uint32(1)<<(last+1-32) - 1
	data := [2]unix.CapUserData{all, {Effective: high, Permitted: high, Inheritable: high}}
	program.Must("capset", "", unix.SYS_CAPSET, header, sys.Value(program, data))
	for capability := uintptr(0); capability <= uintptr(last); capability++ {
		program.Must("prctl", "PR_CAP_AMBIENT_RAISE", unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, capability, 0, 0)
	}
}

// lastCapability returns the highest capability that the kernel knows.
func lastCapability() int {
	for capability := 63; capability > 32; capability-- {
		if _, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(capability), 0, 0, 0); err == nil {
			return capability
		}
	}
	return 32
}
