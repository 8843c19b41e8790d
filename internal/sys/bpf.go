package sys

import (
	"bytes"
	"encoding/hex"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The structs below contain pointers where the kernel's union bpf_attr has 64-bit fields,
// so that the garbage collector sees them. That is correct only if a pointer has 64 bits;
// otherwise this line does not compile.
const _ = uint(unsafe.Sizeof(uintptr(0)) - 8)

// loadTries bounds how often BPF_PROG_LOAD is repeated. The verifier returns EAGAIN if a
// signal is pending, which may be one of the Go runtime's for preemption.
const loadTries = 64

// BPFProgram holds the arguments of BPF_PROG_LOAD.
type BPFProgram struct {
	Type         uint32
	AttachType   uint32
	Name         string // up to 15 bytes of letters, digits, '_' and '.'
	License      string
	Instructions []byte // encoded, 8 bytes each
	Log          []byte // filled in by the verifier if not empty
}

// BPFLoad loads a program and returns its descriptor, close-on-exec.
func BPFLoad(p BPFProgram) (int, error) {
	license := append([]byte(p.License), 0)
	attr := struct {
		progType, insnCount uint32
		insns, license      unsafe.Pointer
		logLevel, logSize   uint32
		log                 unsafe.Pointer
		kernelVersion       uint32
		flags               uint32
		name                [16]byte
		ifIndex             uint32
		attachType          uint32
	}{
		progType: p.Type, insnCount: uint32(len(p.Instructions) / 8),
		insns: pointer(p.Instructions), license: pointer(license),
		attachType: p.AttachType,
	}
	copy(attr.name[:15], p.Name)
	if len(p.Log) > 0 {
		attr.logLevel, attr.logSize, attr.log = 1, uint32(len(p.Log)), pointer(p.Log)
	}
	for try := 1; ; try++ {
		fd, err := bpf(unix.BPF_PROG_LOAD, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
		if err != unix.EAGAIN || try == loadTries {
			return fd, err
		}
	}
}

// BPFAttach attaches the program to a cgroup, both given by descriptors. With BPF_F_REPLACE
// in flags it replaces the program replaced.
func BPFAttach(cgroup, program int, attachType, flags uint32, replaced int) error {
	attr := struct {
		target, program   uint32
		attachType, flags uint32
		replaced          uint32
		relative          uint32
		revision          uint64
	}{
		target: uint32(cgroup), program: uint32(program),
		attachType: attachType, flags: flags, replaced: uint32(replaced),
	}
	_, err := bpf(unix.BPF_PROG_ATTACH, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	return err
}

// BPFDetach detaches the program from a cgroup.
func BPFDetach(cgroup, program int, attachType uint32) error {
	attr := struct {
		target, program   uint32
		attachType, flags uint32
	}{target: uint32(cgroup), program: uint32(program), attachType: attachType}
	_, err := bpf(unix.BPF_PROG_DETACH, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	return err
}

// BPFQuery stores in ids the IDs of the programs that are attached to the cgroup itself,
// and returns how many there are. If they do not fit, the error is ENOSPC.
func BPFQuery(cgroup int, attachType uint32, ids []uint32) (int, error) {
	// The full 64 bytes: kernels from 6.17 to 7.1 write the revision regardless of the size
	// they are given.
	attr := struct {
		target, attachType uint32
		flags, attachFlags uint32
		ids                unsafe.Pointer
		count, _           uint32
		programFlags       uint64
		linkIDs, linkFlags uint64
		revision           uint64
	}{target: uint32(cgroup), attachType: attachType, count: uint32(len(ids))}
	if len(ids) > 0 {
		attr.ids = unsafe.Pointer(&ids[0])
	}
	_, err := bpf(unix.BPF_PROG_QUERY, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	return int(attr.count), err
}

// BPFOpen opens a loaded program by its ID.
func BPFOpen(id uint32) (int, error) {
	attr := struct{ id, next, flags uint32 }{id: id}
	return bpf(unix.BPF_PROG_GET_FD_BY_ID, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
}

// BPFNext returns the smallest ID of a loaded program greater than id, or ENOENT if there
// is none.
func BPFNext(id uint32) (uint32, error) {
	attr := struct{ id, next, flags uint32 }{id: id}
	_, err := bpf(unix.BPF_PROG_GET_NEXT_ID, unsafe.Pointer(&attr), unsafe.Sizeof(attr))
	return attr.next, err
}

// BPFInfo is the part of struct bpf_prog_info that identifies a program.
type BPFInfo struct {
	Type uint32
	ID   uint32
	Tag  string // hash of the instructions as loaded, 16 hexadecimal digits
	Name string
}

// BPFDescribe describes an open program.
func BPFDescribe(program int) (BPFInfo, error) {
	var info struct {
		progType, id   uint32
		tag            [8]byte
		jited, xlated  uint32
		jitedInsns     uint64
		xlatedInsns    uint64
		loadTime       uint64
		uid, mapsCount uint32
		maps           uint64
		name           [16]byte
	}
	attr := struct {
		program, size uint32
		info          unsafe.Pointer
	}{program: uint32(program), size: uint32(unsafe.Sizeof(info)), info: unsafe.Pointer(&info)}
	if _, err := bpf(unix.BPF_OBJ_GET_INFO_BY_FD, unsafe.Pointer(&attr), unsafe.Sizeof(attr)); err != nil {
		return BPFInfo{}, err
	}
	name, _, _ := bytes.Cut(info.name[:], []byte{0})
	return BPFInfo{Type: info.progType, ID: info.id, Tag: hex.EncodeToString(info.tag[:]), Name: string(name)}, nil
}

func pointer(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }

// bpf makes the system call in a way that tells the runtime that this thread may block:
// with a raw call, the goroutine would look as if it was running and would be sent
// preemption signals.
func bpf(command uintptr, attr unsafe.Pointer, size uintptr) (int, error) {
	n, _, errno := syscall.Syscall(unix.SYS_BPF, command, uintptr(attr), size)
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}
