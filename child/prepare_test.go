package child

import (
	"slices"
	"strings"
	"testing"

	childmachine "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/protocol"
)

// TestTooManyOperations: the frame that exceeds the limit is refused and not kept.
//
// SPEC: M-LIM-2
func TestTooManyOperations(t *testing.T) {
	s := begin(t)
	s.greets(protocol.RoleInit)
	const perFrame = 4096
	part := &protocol.Part{Ops: slices.Repeat([]protocol.Op{&protocol.OOMScore{}}, perFrame)}
	for range protocol.MaxOps / perFrame {
		s.send(part)
	}
	s.send(&protocol.Plan{Ops: []protocol.Op{execute()}})
	fault := s.fails(protocol.CodeMalformed)
	if !strings.Contains(fault.Detail, "32768 operations") {
		t.Errorf("the Fault is %+v", fault)
	}
	if len(s.child.plan) != protocol.MaxOps {
		t.Errorf("%d operations are kept", len(s.child.plan))
	}
}

// TestTooManyBytes: a plan of few but large operations.
//
// SPEC: M-LIM-2
func TestTooManyBytes(t *testing.T) {
	s := begin(t)
	s.greets(protocol.RoleInit)
	part := &protocol.Part{Ops: []protocol.Op{arguments(strings.Repeat("a", protocol.MaxArgument))}}
	encoded, err := protocol.Encode(part)
	if err != nil {
		t.Fatal(err)
	}
	taken := protocol.MaxPlan / len(encoded)
	for range taken + 1 {
		s.send(part)
	}
	fault := s.fails(protocol.CodeMalformed)
	if !strings.Contains(fault.Detail, "16777216 bytes") || fault.State != "collecting" {
		t.Errorf("the Fault is %+v", fault)
	}
	if len(s.child.plan) != taken {
		t.Errorf("%d operations are kept; %d fit", len(s.child.plan), taken)
	}
}

// TestOpenDoneMustMatch: descriptors for anything other than what was asked for, in that
// order, end the child.
//
// SPEC: M-TRUST-8
func TestOpenDoneMustMatch(t *testing.T) {
	bind := func() protocol.Op { return &protocol.Bind{Source: "/s", Destination: "/d", ByParent: true} }
	for name, answer := range map[string][]uint32{
		"too few":       {0},
		"another order": {2, 0},
		"another index": {0, 1},
		"repeated":      {0, 0},
		"too many":      {0, 2, 3},
	} {
		t.Run(name, func(t *testing.T) {
			// The operation before needs no descriptor, so nothing is carried out.
			c := newChild()
			c.hello = &protocol.Hello{Role: protocol.RoleInit}
			c.plan = []protocol.Op{bind(), &protocol.OOMScore{}, bind(), execute()}
			if c.wanted = c.wantedFrom(0); !slices.Equal(c.wanted, []uint32{0, 2}) {
				t.Fatalf("asks for %v", c.wanted)
			}
			descriptors := make([]int, len(answer))
			err := c.take(answer, descriptors)
			if fault := asFault(t, err); fault.Code != protocol.CodeMalformed || len(c.trees) != 0 {
				t.Errorf("%v; %d descriptors are kept", err, len(c.trees))
			}
		})
	}
}

// TestOpenDoneMustMatchOnTheWire does the same through the machine. The operation would be
// the first to be carried out.
//
// SPEC: M-TRUST-8
func TestOpenDoneMustMatchOnTheWire(t *testing.T) {
	c := begin(t)
	c.greets(protocol.RoleJoin)
	c.send(&protocol.Plan{Ops: []protocol.Op{&protocol.Enter{Origin: at("process")}, arguments("a"), execute()}})
	if request := receive[*protocol.OpenRequest](c); !slices.Equal(request.Ops, []uint32{0}) {
		t.Fatalf("asks for %v", request.Ops)
	}
	c.send(&protocol.OpenDone{Ops: []uint32{1}}, 99)
	if fault := c.fails(protocol.CodeMalformed); !strings.Contains(fault.Detail, "[1]; [0] was asked for") {
		t.Errorf("the Fault is %+v", fault)
	}
}

// TestOneRequestForMany: what follows is asked for in the same exchange, as far as it fits
// into a frame.
func TestOneRequestForMany(t *testing.T) {
	c := newChild()
	for range 3 * protocol.MaxDescriptors / 2 {
		c.plan = append(c.plan, &protocol.Bind{ByParent: true}, &protocol.Bind{}, &protocol.Link{})
	}
	wanted := c.wantedFrom(0)
	if len(wanted) != protocol.MaxDescriptors || wanted[0] != 0 || wanted[63] != 3*63 {
		t.Fatalf("asks for %v", wanted)
	}
	c.wanted = wanted
	if err := c.take(wanted, make([]int, len(wanted))); err != nil {
		t.Fatal(err)
	}
	if c.needsDescriptor(0) || c.needsDescriptor(1) || !c.needsDescriptor(3*64) {
		t.Error("a descriptor that came is asked for again, or one that did not is not")
	}
}

// TestFramesOutOfPlace: a well-formed frame that the state does not accept, or bytes that
// are no frame, end the child with a Fault, and nothing is carried out.
func TestFramesOutOfPlace(t *testing.T) {
	s := begin(t)
	s.greets(protocol.RoleInit)
	s.send(&protocol.Start{})
	if fault := s.fails(protocol.CodeUnexpected); fault.State != "awaiting_plan" || fault.Awaited == "" {
		t.Errorf("the Fault is %+v", fault)
	}
	s = begin(t)
	if err := s.channel.Send([]byte{0xc1}, nil); err != nil {
		t.Fatal(err)
	}
	if fault := s.fails(protocol.CodeMalformed); fault.State != "awaiting_hello" {
		t.Errorf("the Fault is %+v", fault)
	}
}

// TestHooksExchange: the child asks for the parent's hooks and continues from there.
func TestHooksExchange(t *testing.T) {
	s := begin(t)
	s.greets(protocol.RoleInit)
	s.send(&protocol.Plan{Ops: []protocol.Op{arguments("/bin/sh"), &protocol.ParentHooks{}, execute()}})
	receive[*protocol.HooksRequest](s)
	s.send(&protocol.HooksDone{})
	if ended := s.end(); ended.err != nil || ended.state != childmachine.AwaitingCommit {
		t.Fatalf("in %s: %v", ended.state, ended.err)
	}
}

// TestParentDies: before anything else is known.
//
// SPEC: M-END-2
func TestParentDies(t *testing.T) {
	for name, play := range map[string]func(*script){
		"awaiting_hello": func(*script) {},
		"awaiting_plan":  func(s *script) { s.greets(protocol.RoleInit) },
		"awaiting_maps": func(s *script) {
			s.send(&protocol.Hello{LowestVersion: 1, HighestVersion: 1, Role: protocol.RoleInit, MapsWanted: true})
			receive[*protocol.Welcome](s)
			receive[*protocol.MapRequest](s)
		},
		"awaiting_descriptors": func(s *script) {
			s.greets(protocol.RoleJoin)
			s.send(&protocol.Plan{Ops: []protocol.Op{&protocol.Enter{}, arguments("a"), execute()}})
			receive[*protocol.OpenRequest](s)
		},
		"awaiting_hooks": func(s *script) {
			s.greets(protocol.RoleInit)
			s.send(&protocol.Plan{Ops: []protocol.Op{arguments("/bin/sh"), &protocol.ParentHooks{}, execute()}})
			receive[*protocol.HooksRequest](s)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			play(s)
			s.channel.Close()
			ended := s.end()
			if fault := asFault(t, ended.err); ended.state != childmachine.Dead || fault.Code != protocol.CodeGone || fault.State != name {
				t.Errorf("ended in %s: %+v", ended.state, fault)
			}
			if s.child.prepared != nil {
				t.Error("an execution is prepared")
			}
		})
	}
}
