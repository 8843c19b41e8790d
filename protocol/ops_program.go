package protocol

import (
	"fmt"
	"math"
)

// Personality is linux.personality.
type Personality struct {
	Origin
	Persona uint32 // PER_* of personality(2)
}

// MemoryPolicy is linux.memoryPolicy.
type MemoryPolicy struct {
	Origin
	Mode  uint32   // MPOL_* and MPOL_F_* of set_mempolicy(2)
	Nodes []uint32 // the nodes in its mask
}

// MaxNode is the highest memory node: kernels are built for 1,024 at most.
const MaxNode = 1023

// A LabelModule is a security module that labels programs.
type LabelModule uint8

// The modules, as on the wire.
const (
	LabelAppArmor LabelModule = 1 + iota
	LabelSELinux
)

func (m LabelModule) String() string {
	switch m {
	case LabelAppArmor:
		return "AppArmor"
	case LabelSELinux:
		return "SELinux"
	}
	return fmt.Sprintf("security module %d", uint8(m))
}

// Label is process.apparmorProfile or process.selinuxLabel.
type Label struct {
	Origin
	Module LabelModule
	Label  string // an AppArmor profile, an SELinux context
}

// A HandoverCall is a system call that can hand over the filter's listener.
type HandoverCall uint8

// The calls, as on the wire.
const (
	CallSendmsg HandoverCall = 1 + iota
	CallSendmmsg
)

// Listener is linux.seccomp.listenerPath.
type Listener struct {
	Origin
	Call  HandoverCall // one that the filter does not send notifications for
	State []byte       // the container process state, as JSON
}

func (*Personality) Kind() OpKind  { return OpPersonality }
func (*MemoryPolicy) Kind() OpKind { return OpMemoryPolicy }
func (*Label) Kind() OpKind        { return OpLabel }
func (*Listener) Kind() OpKind     { return OpListener }

// Object is the persona.
func (o *Personality) Object() string { return fmt.Sprintf("0x%x", o.Persona) }

// Object is the mode with the nodes.
func (o *MemoryPolicy) Object() string { return fmt.Sprintf("mode 0x%x, nodes %v", o.Mode, o.Nodes) }

// Object is the module and the label.
func (o *Label) Object() string { return fmt.Sprintf("%s %s", o.Module, o.Label) }

// Object is empty.
func (o *Listener) Object() string { return "" }

func (o *Personality) fields() fields {
	return fields{o.at(), {"persona", unsigned(&o.Persona, 0, math.MaxUint32-1), "PER_* number"}}
}

func (o *MemoryPolicy) fields() fields {
	return fields{
		o.at(),
		{"mode", unsigned(&o.Mode, 0, math.MaxUint16), "MPOL_* number, with MPOL_F_* flags"},
		{"nodes", list(&o.Nodes, 0, MaxNode+1, node), "memory nodes of the mask"},
	}
}

func node(to *uint32) value { return unsigned(to, 0, MaxNode) }

func (o *Label) fields() fields {
	return fields{
		o.at(),
		{"module", unsigned(&o.Module, uint64(LabelAppArmor), uint64(LabelSELinux)), "1 AppArmor, 2 SELinux"},
		{"label", text(&o.Label, 1, MaxPath), "AppArmor profile, or SELinux context"},
	}
}

func (o *Listener) fields() fields {
	return fields{
		o.at(),
		{"call", unsigned(&o.Call, uint64(CallSendmsg), uint64(CallSendmmsg)), "the call that hands it over: 1 sendmsg(2), 2 sendmmsg(2)"},
		{"state", binaryData(&o.State, 1, 128<<10), "the container process state as JSON"},
	}
}
