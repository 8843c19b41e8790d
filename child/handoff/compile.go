package handoff

import (
	"math"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/child/creds"
	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/protocol"
)

// Execution is what the plan leaves to be done after Start.
type Execution struct {
	Limits       []*protocol.ResourceLimit
	MemoryPolicy *protocol.MemoryPolicy
	Personality  *protocol.Personality
	Label        *Label
	Listener     *protocol.Listener
	Hooks        []*protocol.Hook // startContainer
	Null         int              // the null device, open for writing; used only with hooks
	Execute      *protocol.Execute
	Programs     []Program // at least one, in the order in which they are tried
	Arguments    []string
	Environment  []string
}

// Label is a security label that takes effect at the next execve, and where to write it.
type Label struct {
	At      string // its place in config.json
	Content string
	File    int // open for writing, close-on-exec
}

// Handoff is an execution with every system call prepared.
type Handoff struct {
	first     sys.Program // steps 1 to 3
	directory directory   // steps 4 and 11
	early     bool        // the filter is loaded in step 5, otherwise in step 13
	filter    filter
	label     *Label      // nil for none
	identity  sys.Program // steps 6 to 10
	hooks     []hook      // step 12
	programs  programs    // step 14
	frames    sys.Receiver
}

// Compile prepares the system calls of an execution.
func Compile(e Execution) (*Handoff, error) {
	h := &Handoff{frames: *sys.NewReceiver(protocol.MaxFrame + 1)}
	h.begin(e)
	h.directory.compile(e.Execute.Directory)
	// Without no_new_privs, loading a filter takes CAP_SYS_ADMIN, which setting the
	// identity may give up.
	h.early = !e.Execute.NoNewPrivs
	h.filter = compileFilter(e.Execute, e.Listener)
	if err := creds.Identity(&h.identity, e.Execute); err != nil {
		return nil, err
	}
	if label := e.Label; label != nil {
		h.label = label
		h.identity.Must(writingLabel, label.Content, unix.SYS_WRITE, uintptr(label.File), h.identity.String(label.Content), uintptr(len(label.Content)))
	}
	if e.Execute.NoNewPrivs {
		creds.NoNewPrivs(&h.identity)
	}
	for _, op := range e.Hooks {
		hook, err := compileHook(op, e.Null)
		if err != nil {
			return nil, err
		}
		h.hooks = append(h.hooks, hook)
	}
	h.programs.compile(e)
	return h, nil
}

// begin appends what comes before any filter, which need not allow it, and before any hook,
// which would inherit descriptors.
func (h *Handoff) begin(e Execution) {
	h.first.Must("close_range", "", unix.SYS_CLOSE_RANGE, uintptr(3+e.Execute.PreservedFDs), math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	for _, limit := range e.Limits {
		h.first.Must("prlimit", limit.Object(), unix.SYS_PRLIMIT64, 0, uintptr(limit.Resource),
			sys.Value(&h.first, unix.Rlimit{Cur: limit.Soft, Max: limit.Hard}), 0)
	}
	if policy := e.MemoryPolicy; policy != nil {
		var mask, bits uintptr
		if len(policy.Nodes) > 0 {
			mask, bits = sys.Value(&h.first, nodeMask(policy.Nodes)), protocol.MaxNode+2 // the kernel subtracts one
		}
		h.first.Must("set_mempolicy", policy.Object(), unix.SYS_SET_MEMPOLICY, uintptr(policy.Mode), mask, bits)
	}
	if e.Personality != nil {
		h.first.Must("personality", e.Personality.Object(), unix.SYS_PERSONALITY, uintptr(e.Personality.Persona))
	}
}

// nodeMask returns a mask of memory nodes in the format of set_mempolicy(2).
func nodeMask(nodes []uint32) (mask [(protocol.MaxNode + 1) / 64]uint64) {
	for _, node := range nodes {
		mask[node/64] |= 1 << (node % 64)
	}
	return mask
}
