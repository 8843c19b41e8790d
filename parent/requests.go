package parent

import (
	"slices"

	"github.com/fsrun/fsrun/parent/mountfd"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// requests answers the child's requests while it carries out the plan. The child is not
// trusted: it gets only what the plan needs, and only once.
type requests struct {
	plan   []protocol.Op
	owners mountfd.Owners
	parts  []protocol.Cutting // the plan, divided into frames
	opened map[uint32]bool    // operations whose descriptors it has received
	last   *protocol.OpenDone
	given  []int // the descriptors in the last answer
	asked  map[protocol.OpKind]bool
}

func newRequests(plan []protocol.Op, owners mountfd.Owners) (*requests, error) {
	r := &requests{plan: plan, owners: owners, opened: map[uint32]bool{}, asked: map[protocol.OpKind]bool{}}
	return r, r.cut()
}

// cut divides the plan into frames; it must be called again if operations have changed.
func (r *requests) cut() (err error) {
	r.parts, err = protocol.Cut(r.plan)
	return err
}

// composePlan makes the Parts and the Plan.
func (r *requests) composePlan() ([]machine.Message, error) {
	messages := make([]machine.Message, len(r.parts))
	for i := range r.parts {
		part, message := &r.parts[i], &messages[i]
		message.Frame = &protocol.Part{Ops: part.Ops}
		if i == len(messages)-1 {
			message.Frame = &protocol.Plan{Ops: part.Ops}
		}
		var err error
		if message.Encoded, err = part.Encode(message.Frame.Kind()); err != nil {
			return nil, err
		}
	}
	return messages, nil
}

// open opens what operations of our own plan need.
func (r *requests) open(message machine.Message, container mountfd.Process) (machine.Event, error) {
	request := message.Frame.(*protocol.OpenRequest)
	for i, index := range request.Ops {
		if r.opened[index] || i > 0 && index <= request.Ops[i-1] {
			return "", unexpected("descriptors for %v, which are not ascending or were given before", request.Ops)
		}
	}
	descriptors, err := mountfd.Answer(request, r.plan, r.owners, container)
	if err != nil {
		return "", err
	}
	for _, index := range request.Ops {
		r.opened[index] = true
	}
	r.last, r.given = &protocol.OpenDone{Ops: request.Ops}, descriptors
	return machine.Done, nil
}

func (r *requests) composeOpenDone() ([]machine.Message, error) {
	return []machine.Message{{Frame: r.last, Descriptors: r.given, Given: true}}, nil
}

// once refuses an exchange that no operation in the plan needs, and a repeated one.
func (r *requests) once(kind protocol.OpKind) error {
	planned := slices.ContainsFunc(r.plan, func(op protocol.Op) bool { return op.Kind() == kind })
	if !planned || r.asked[kind] {
		return unexpected("%s, which its plan does not hold, or not again", kind)
	}
	r.asked[kind] = true
	return nil
}
