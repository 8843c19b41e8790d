package netdev

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// address is one of a device's addresses, as reported by the kernel.
type address struct {
	family, prefix, scope byte
	flags                 uint32
	attributes            map[uint16][]byte
}

// given lists the attributes with which an address is restored: not its label, which
// contains the device's old name, nor its lifetimes, which are infinite.
var given = []uint16{unix.IFA_LOCAL, unix.IFA_ADDRESS, unix.IFA_BROADCAST, unix.IFA_ANYCAST, unix.IFA_RT_PRIORITY, addressOrigin}

// addressOrigin is IFA_PROTO of linux/if_addr.h: what added the address.
const addressOrigin = 11

// kernels are the flags that only the kernel sets.
const kernels = unix.IFA_F_PERMANENT | unix.IFA_F_TENTATIVE | unix.IFA_F_DADFAILED | unix.IFA_F_SECONDARY | unix.IFA_F_DEPRECATED

// addresses returns a device's lasting addresses: the permanent ones of global scope. They
// are in the kernel's order, in which the first address of a network is its primary.
func (s *socket) addresses(index int32) ([]address, error) {
	answers, err := s.ask(newRequest(unix.RTM_GETADDR, unix.NLM_F_DUMP, make([]byte, unix.SizeofIfAddrmsg)))
	if err != nil {
		return nil, err
	}
	var lasting []address
	for _, one := range answers {
		if one.kind != unix.RTM_NEWADDR || len(one.body) < unix.SizeofIfAddrmsg || int32(native.Uint32(one.body[4:])) != index {
			continue
		}
		found := address{family: one.body[0], prefix: one.body[1], scope: one.body[3], flags: uint32(one.body[2])}
		found.attributes = attributes(one.body, unix.SizeofIfAddrmsg)
		if wide := found.attributes[unix.IFA_FLAGS]; len(wide) == 4 {
			found.flags = native.Uint32(wide)
		}
		if found.flags&unix.IFA_F_PERMANENT != 0 && found.scope == unix.RT_SCOPE_UNIVERSE {
			lasting = append(lasting, found)
		}
	}
	return lasting, nil
}

// request adds the address to a device.
func (a *address) request(index int32) *request {
	fixed := make([]byte, unix.SizeofIfAddrmsg)
	fixed[0], fixed[1], fixed[3] = a.family, a.prefix, a.scope
	native.PutUint32(fixed[4:], uint32(index))
	r := newRequest(unix.RTM_NEWADDR, unix.NLM_F_ACK|unix.NLM_F_CREATE|unix.NLM_F_EXCL, fixed)
	for _, kind := range given {
		if value, is := a.attributes[kind]; is {
			r.attribute(kind, value)
		}
	}
	r.number(unix.IFA_FLAGS, a.flags&^kernels)
	return r
}

// String returns the address for error messages.
func (a *address) String() string {
	local := a.attributes[unix.IFA_ADDRESS]
	if len(local) == 4 {
		return fmt.Sprintf("%d.%d.%d.%d/%d", local[0], local[1], local[2], local[3], a.prefix)
	}
	return fmt.Sprintf("%x/%d", local, a.prefix)
}
