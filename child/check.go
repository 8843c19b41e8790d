package child

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
)

// checkPlan refuses a plan whose operations do not belong together. Nothing of
// it has been carried out yet.
func checkPlan(plan []protocol.Op, role protocol.Role) error {
	rooted, pivoted, listens := false, false, false
	for i, operation := range plan {
		last := i == len(plan)-1
		switch op := operation.(type) {
		case *protocol.Execute:
			if !last {
				return misplaced(i, op, "it is the last operation of a plan")
			}
			if listens != (op.FilterFlags&unix.SECCOMP_FILTER_FLAG_NEW_LISTENER != 0) {
				return misplaced(i, op, "a filter has a listener if the plan has the operation, and not else")
			}
		case *protocol.Listener:
			if listens {
				return misplaced(i, op, "there is one listener")
			}
			listens = true
		case *protocol.Root:
			if rooted {
				return misplaced(i, op, "there is one root")
			}
			rooted = true
		case *protocol.Pivot:
			if pivoted {
				return misplaced(i, op, "there is one pivot")
			}
			pivoted = true
		}
		switch {
		case !operation.Kind().IsFor(role):
			return misplaced(i, operation, fmt.Sprintf("it is not for the role %s", role))
		case operation.Kind().IsBeneathRoot() && !rooted:
			return misplaced(i, operation, "it comes before root")
		case last && operation.Kind() != protocol.OpExecute:
			return misplaced(i, operation, "the last operation of a plan is execute")
		}
	}
	return nil
}

func misplaced(index int, op protocol.Op, reason string) error {
	return &protocol.Fault{
		Code: protocol.CodeMalformed, Op: protocol.Describe(op, index), Path: op.From(), Detail: "out of place: " + reason,
	}
}
