package child

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
)

// The points of the hooks that a child runs (SPEC.md, "Fields of each operation").
const (
	createContainer = "createContainer"
	startContainer  = "startContainer"
)

// atMostOnce lists the operations that a plan may contain only once. Two would contradict each
// other, and the first would be lost.
var atMostOnce = [...]protocol.OpKind{
	protocol.OpRoot, protocol.OpPivot, protocol.OpPersonality, protocol.OpMemoryPolicy, protocol.OpLabel, protocol.OpListener,
}

// checkPlan refuses a plan with operations that do not belong together, or with one that
// cannot be carried out as written. Nothing has been carried out yet.
func checkPlan(plan []protocol.Op, role protocol.Role) error {
	seen := map[protocol.OpKind]bool{}
	program := false
	for i, operation := range plan {
		kind, last := operation.Kind(), i == len(plan)-1
		switch {
		case kind == protocol.OpExecute && !last:
			return misplaced(i, operation, "it is the last operation of a plan")
		case seen[kind] && slices.Contains(atMostOnce[:], kind):
			return misplaced(i, operation, fmt.Sprintf("there is one %s", kind))
		case !kind.IsFor(role):
			return misplaced(i, operation, fmt.Sprintf("it is not for the role %s", role))
		case kind.IsBeneathRoot() && !seen[protocol.OpRoot]:
			return misplaced(i, operation, "it comes before root")
		case last && kind != protocol.OpExecute:
			return misplaced(i, operation, "the last operation of a plan is execute")
		}
		switch op := operation.(type) {
		case *protocol.Hook:
			if op.Point != createContainer && op.Point != startContainer {
				return refused(i, op, fmt.Sprintf("a child runs no hooks of the point %q", op.Point))
			}
		case *protocol.Arguments:
			program = program || len(op.Values) > 0
		case *protocol.Execute:
			if !program {
				fault := refused(i, op, "a plan without arguments: there is no program to execute")
				fault.Path = "process.args"
				return fault
			}
			if reason := wrongFilter(op, seen[protocol.OpListener]); reason != "" {
				return refused(i, op, reason)
			}
		}
		seen[kind] = true
	}
	return nil
}

// wrongFilter says what is wrong with a filter, or "". Listened says whether the plan hands
// over the filter's listener.
func wrongFilter(op *protocol.Execute, listened bool) string {
	const instruction = 8 // the size of struct sock_filter (seccomp(2))
	switch {
	case len(op.Filter)%instruction != 0:
		return fmt.Sprintf("a filter of %d bytes, which is no whole number of instructions", len(op.Filter))
	case len(op.Filter) == 0 && op.FilterFlags != 0:
		return fmt.Sprintf("filter flags 0x%x, and no filter", op.FilterFlags)
	case listened != (op.FilterFlags&unix.SECCOMP_FILTER_FLAG_NEW_LISTENER != 0):
		return "a filter has a listener if the plan has the operation, and not else"
	}
	return ""
}

func misplaced(index int, op protocol.Op, reason string) error {
	return refused(index, op, "out of place: "+reason)
}

func refused(index int, op protocol.Op, detail string) *protocol.Fault {
	return &protocol.Fault{Code: protocol.CodeMalformed, Op: protocol.Describe(op, index), Path: op.From(), Detail: detail}
}
