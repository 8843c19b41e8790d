package child

import (
	"fmt"
	"slices"

	childmachine "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// collect stores the operations of a Part.
func (c *child) collect(message machine.Message) (machine.Event, error) {
	return machine.Done, c.keep(message.Frame.(*protocol.Part).Ops, message.Size)
}

func (c *child) keep(ops []protocol.Op, size int) error {
	c.size += size
	switch {
	case len(c.plan)+len(ops) > protocol.MaxOps:
		return malformed("a plan of more than %d operations", protocol.MaxOps)
	case c.size > protocol.MaxPlan:
		return malformed("a plan of more than %d bytes", protocol.MaxPlan)
	}
	c.plan = append(c.plan, ops...)
	return nil
}

func malformed(format string, arguments ...any) error {
	return &protocol.Fault{Code: protocol.CodeMalformed, Detail: fmt.Sprintf(format, arguments...)}
}

// prepare carries out the plan's operations in order until one needs the parent or only the
// last is left.
func (c *child) prepare(message machine.Message) (machine.Event, error) {
	if err := c.resume(message); err != nil {
		return "", err
	}
	for c.next < len(c.plan) {
		index, op := c.next, c.plan[c.next]
		if c.needsDescriptor(index) {
			c.wanted = c.wantedFrom(index)
			return childmachine.Open, nil
		}
		began := c.history.clock.Now()
		event, err := c.carryOut(index, op)
		if err != nil {
			return "", c.failed(index, op, err)
		}
		c.history.carriedOut(began)
		c.next++
		if event != machine.Done {
			return event, nil
		}
	}
	return "", malformed("a plan without execute")
}

// resume processes what the last frame brought.
func (c *child) resume(message machine.Message) error {
	switch frame := message.Frame.(type) {
	case *protocol.Plan:
		if c.whole {
			return nil // after a console, the same message comes again
		}
		c.whole = true
		if err := c.keep(frame.Ops, message.Size); err != nil {
			return err
		}
		return checkPlan(c.plan, c.hello.Role)
	case *protocol.OpenDone:
		return c.take(frame.Ops, message.Descriptors)
	}
	return nil
}

// take keeps the descriptors that were requested.
func (c *child) take(ops []uint32, descriptors []int) error {
	if c.wanted == nil {
		return nil // after a console, the same message comes again
	}
	if !slices.Equal(ops, c.wanted) {
		return malformed("OpenDone for %v; %v was asked for", ops, c.wanted)
	}
	for i, op := range ops {
		c.trees[int(op)] = descriptors[i]
	}
	c.wanted = nil
	return nil
}

// needsDescriptor reports whether the operation is waiting for a descriptor from the
// parent.
func (c *child) needsDescriptor(index int) bool {
	if _, here := c.trees[index]; here {
		return false
	}
	switch op := c.plan[index].(type) {
	case *protocol.Bind:
		return op.ByParent
	case *protocol.Enter:
		return true
	}
	return false
}

// wantedFrom lists the operation and those after it whose descriptors fit into the same
// request: an exchange costs more than a descriptor.
func (c *child) wantedFrom(index int) []uint32 {
	var wanted []uint32
	for ; index < len(c.plan) && len(wanted) < protocol.MaxDescriptors; index++ {
		if c.needsDescriptor(index) {
			wanted = append(wanted, uint32(index))
		}
	}
	return wanted
}

func (c *child) composeOpenRequest() ([]machine.Message, error) {
	return []machine.Message{{Frame: &protocol.OpenRequest{Ops: c.wanted}}}, nil
}

func (c *child) composeConsole() ([]machine.Message, error) {
	return []machine.Message{{Frame: &protocol.Console{}, Descriptors: []int{c.master}, Given: true}}, nil
}

func (c *child) failed(index int, op protocol.Op, err error) *protocol.Fault {
	code := protocol.CodeOperation
	if op.Kind() == protocol.OpHook {
		code = protocol.CodeHook
	}
	fault := protocol.Explain(code, err)
	if fault.Op == "" {
		fault.Op = protocol.Describe(op, index)
	}
	if fault.Path == "" {
		fault.Path = op.From()
	}
	return fault
}
