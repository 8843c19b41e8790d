package child

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"unicode/utf8"
)

// elfNames are the names of the ELF machines that are likely to be met (elf(5), EM_*).
var elfNames = [...]struct {
	machine uint16
	name    string
}{
	{3, "i386"}, {8, "mips"}, {20, "ppc"}, {21, "ppc64"}, {22, "s390x"}, {40, "arm"}, {62, "amd64"},
	{183, "arm64"}, {243, "riscv"}, {258, "loongarch"},
}

// formatOf says why the kernel may not recognize a program's format; "" if it should, or if
// that is unknown. It is only reported once the kernel has refused, so programs that run by
// way of binfmt_misc are not affected.
func formatOf(head []byte) string {
	switch {
	case len(head) == 0:
		return "it is empty"
	case bytes.HasPrefix(head, []byte("\x7fELF")):
		return foreign(head)
	case bytes.HasPrefix(head, []byte("#!")) || bytes.IndexByte(head, 0) >= 0 || !utf8.Valid(head):
		return ""
	}
	return "it is text without a #! line that names its interpreter"
}

// foreign names the architecture of an ELF program that is not for this one.
func foreign(head []byte) string {
	const dataAt, bigEndian = 5, 2
	if len(head) < elfMachine+2 {
		return ""
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if head[dataAt] == bigEndian {
		order = binary.BigEndian
	}
	machine := order.Uint16(head[elfMachine:])
	if machine == elfMachines[runtime.GOARCH] {
		return ""
	}
	name := fmt.Sprintf("ELF machine %d", machine)
	for _, known := range elfNames {
		if known.machine == machine {
			name = known.name
		}
	}
	return fmt.Sprintf("it is a program for %s, and this machine is %s", name, runtime.GOARCH)
}
