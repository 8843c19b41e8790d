package netdev

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// native is netlink's byte order (netlink(7)).
var native = binary.NativeEndian

// alignment is that of messages and attributes (NLMSG_ALIGNTO, RTA_ALIGNTO).
const alignment = 4

func aligned(size int) int { return (size + alignment - 1) &^ (alignment - 1) }

// request is a netlink message under construction.
type request struct{ bytes []byte }

// newRequest begins a message with its fixed part.
func newRequest(kind, flags uint16, fixed []byte) *request {
	r := &request{make([]byte, unix.SizeofNlMsghdr, 128)}
	native.PutUint16(r.bytes[4:], kind)
	native.PutUint16(r.bytes[6:], flags|unix.NLM_F_REQUEST)
	r.bytes = append(r.bytes, fixed...)
	return r
}

// link is struct ifinfomsg.
func link(index int32, flags, change uint32) []byte {
	fixed := make([]byte, unix.SizeofIfInfomsg)
	native.PutUint32(fixed[4:], uint32(index))
	native.PutUint32(fixed[8:], flags)
	native.PutUint32(fixed[12:], change)
	return fixed
}

func (r *request) attribute(kind uint16, value []byte) {
	header := make([]byte, unix.SizeofRtAttr)
	native.PutUint16(header, uint16(unix.SizeofRtAttr+len(value)))
	native.PutUint16(header[2:], kind)
	r.bytes = append(append(r.bytes, header...), value...)
	r.bytes = append(r.bytes, make([]byte, aligned(len(value))-len(value))...)
}

func (r *request) text(kind uint16, value string) { r.attribute(kind, append([]byte(value), 0)) }

func (r *request) number(kind uint16, value uint32) {
	r.attribute(kind, native.AppendUint32(nil, value))
}

// finish fills in what is known only at the end.
func (r *request) finish(sequence uint32) []byte {
	native.PutUint32(r.bytes, uint32(len(r.bytes)))
	native.PutUint32(r.bytes[8:], sequence)
	return r.bytes
}

// answer is a message received, without its header.
type answer struct {
	kind, flags uint16
	sequence    uint32
	body        []byte
}

// split splits received data into messages; those of the kernel are complete.
func split(data []byte) []answer {
	var all []answer
	for len(data) >= unix.SizeofNlMsghdr {
		size := int(native.Uint32(data))
		if size < unix.SizeofNlMsghdr || size > len(data) {
			break
		}
		all = append(all, answer{
			kind: native.Uint16(data[4:]), flags: native.Uint16(data[6:]), sequence: native.Uint32(data[8:]),
			body: data[unix.SizeofNlMsghdr:size],
		})
		data = data[min(aligned(size), len(data)):]
	}
	return all
}

// attributes parses the attributes after a fixed part.
func attributes(body []byte, fixed int) map[uint16][]byte {
	found := map[uint16][]byte{}
	if len(body) < fixed {
		return found
	}
	for data := body[fixed:]; len(data) >= unix.SizeofRtAttr; {
		size := int(native.Uint16(data))
		if size < unix.SizeofRtAttr || size > len(data) {
			break
		}
		found[native.Uint16(data[2:])] = data[unix.SizeofRtAttr:size]
		data = data[min(aligned(size), len(data)):]
	}
	return found
}
