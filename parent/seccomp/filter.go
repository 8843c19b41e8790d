package seccomp

import "encoding/binary"

// Filter is a compiled profile, ready for seccomp(2) with SECCOMP_SET_MODE_FILTER.
type Filter struct {
	Instructions []Instruction
	Flags        uint     // SECCOMP_FILTER_FLAG_*; with NEW_LISTENER if a rule notifies
	Handover     string   // with a listener: the system call that can hand it over, which the filter always allows
	Skipped      []string // names in the profile that are in no table here
	Summary      Summary
}

// Summary summarizes what a filter does.
type Summary struct {
	DefaultAction string
	Architectures []ArchitectureSummary
}

// ArchitectureSummary counts the system calls of one architecture that have rules.
type ArchitectureSummary struct {
	Name     string // SCMP_ARCH_*
	Syscalls int
}

// instructionSize is the size of struct sock_filter in bytes.
const instructionSize = 8

// Bytes returns the instructions as an array of struct sock_filter in the machine's byte order.
func (f *Filter) Bytes() []byte {
	b := make([]byte, 0, instructionSize*len(f.Instructions))
	for _, i := range f.Instructions {
		b = binary.NativeEndian.AppendUint16(b, i.Code)
		b = append(b, i.JT, i.JF)
		b = binary.NativeEndian.AppendUint32(b, i.K)
	}
	return b
}
