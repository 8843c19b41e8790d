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

// headSize is how much of a program is looked at: the kernel reads no more of a
// script's first line (BINPRM_BUF_SIZE is 256), and linkers put an ELF program's
// headers and the name of its interpreter first.
const headSize = 1024

// headOf reads the beginning of a program, nil if that cannot be had.
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

// interpretable refuses a program whose interpreter is missing. The kernel says
// of it no more than of a program that is missing itself (execve(2), ENOENT).
// What cannot be told is left to the kernel.
func interpretable(head []byte) error {
	interpreter := interpreterOf(head)
	if interpreter == "" {
		return nil
	}
	var stat unix.Stat_t
	if err := unix.Stat(interpreter, &stat); errors.Is(err, fs.ErrNotExist) {
		// What ends lines on Windows is a part of the name here, and would not be seen.
		visible := strings.ReplaceAll(interpreter, "\r", `\r`)
		return fmt.Errorf("its interpreter is missing: %w", named("stat", visible, err))
	}
	return nil
}

// interpreterOf returns what a script's first line or an ELF program names, ""
// if that is nothing, or not within the head.
func interpreterOf(head []byte) string {
	if line, is := bytes.CutPrefix(head, []byte("#!")); is {
		line, _, complete := bytes.Cut(line, []byte("\n"))
		words := bytes.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' }) // execve(2) knows no other space
		if !complete || len(words) == 0 {
			return ""
		}
		return string(words[0])
	}
	return elfInterpreter(head)
}

// The parts of an ELF file of 64 bits that matter here (elf(5)).
const (
	elfMagic   = "\x7fELF\x02\x01" // 64 bits, little-endian
	elfMachine = 18
	elfPhoff   = 32
	elfPhnum   = 56
	elfHeader  = 64
	phSize     = 56
	phOffset   = 8
	phFilesz   = 32
	ptInterp   = 3
)

// elfMachines are the numbers of the architectures (EM_*). Programs of others run
// by way of binfmt_misc, which knows its own interpreter.
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

// part is a piece of the head, nil if it is not all there.
func part(head []byte, at, size uint64) []byte {
	length := uint64(len(head))
	if at > length || size > length-at {
		return nil
	}
	return head[at : at+size]
}
