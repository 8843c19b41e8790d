package child

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/child/rootfs"
)

// headSize is how many bytes of a program are looked at. The kernel reads no more than 256
// bytes of a script's first line (BINPRM_BUF_SIZE), and linkers put the headers and the
// interpreter's name at the beginning of an ELF program.
const headSize = 1024

// headOf reads the beginning of a program, or returns nil if it cannot.
func headOf(builder *rootfs.Builder, name string) []byte {
	file, err := builder.OpenRegular(name)
	if errors.Is(err, unix.ENODATA) {
		return []byte{}
	}
	if err != nil {
		return nil
	}
	defer unix.Close(file)
	head := make([]byte, headSize)
	size, err := unix.Pread(file, head, 0)
	if err != nil {
		return nil
	}
	return head[:size]
}

// interpretable refuses a program whose interpreter is missing. The kernel's error for that
// is the same as for a missing program (execve(2), ENOENT). What cannot be determined is
// left to the kernel.
func interpretable(head []byte) error {
	interpreter := interpreterOf(head)
	if interpreter == "" {
		return nil
	}
	var stat unix.Stat_t
	if err := unix.Stat(interpreter, &stat); errors.Is(err, fs.ErrNotExist) {
		// A carriage return, from a line ending of Windows, is part of the name and invisible.
		visible := strings.ReplaceAll(interpreter, "\r", `\r`)
		return fmt.Errorf("its interpreter is missing: %w", named("stat", visible, err))
	}
	return nil
}

// interpreterOf returns the interpreter named in a script's first line or an ELF program;
// "" if there is none, or if it is not within the head.
func interpreterOf(head []byte) string {
	if line, is := bytes.CutPrefix(head, []byte("#!")); is {
		line, _, complete := bytes.Cut(line, []byte("\n"))
		words := bytes.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' }) // execve(2) recognizes no other white space
		if !complete || len(words) == 0 {
			return ""
		}
		return string(words[0])
	}
	return elfInterpreter(head)
}

// The parts of a 64-bit ELF file that matter here (elf(5)).
const (
	elfMagic   = "\x7fELF\x02\x01" // 64-bit, little-endian
	elfMachine = 18
	elfPhoff   = 32
	elfPhnum   = 56
	elfHeader  = 64
	phSize     = 56
	phOffset   = 8
	phFilesz   = 32
	ptInterp   = 3
)

// elfMachines holds the numbers (EM_*) of the supported architectures. Programs for others
// run by way of binfmt_misc, which knows their interpreter.
var elfMachines = map[string]uint16{"amd64": 62, "arm64": 183}

func elfInterpreter(head []byte) string {
	if len(head) < elfHeader || string(head[:len(elfMagic)]) != elfMagic ||
		binary.LittleEndian.Uint16(head[elfMachine:]) != elfMachines[runtime.GOARCH] {
		return ""
	}
	at := binary.LittleEndian.Uint64(head[elfPhoff:])
	for range binary.LittleEndian.Uint16(head[elfPhnum:]) {
		header := part(head, at, phSize)
		if header == nil {
			return ""
		}
		if binary.LittleEndian.Uint32(header) == ptInterp {
			name := part(head, binary.LittleEndian.Uint64(header[phOffset:]), binary.LittleEndian.Uint64(header[phFilesz:]))
			return string(bytes.TrimRight(name, "\x00"))
		}
		at += phSize
	}
	return ""
}

// part returns size bytes of the head from at on, or nil if they are not all there.
func part(head []byte, at, size uint64) []byte {
	length := uint64(len(head))
	if at > length || size > length-at {
		return nil
	}
	return head[at : at+size]
}
