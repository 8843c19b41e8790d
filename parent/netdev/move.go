package netdev

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Device is an entry of linux.netDevices.
type Device struct {
	Name   string // on the host
	Target string // in the container; %d in it becomes the lowest free number
	Place  string // in config.json, for errors
}

// Move moves devices into a network namespace, given an open descriptor, renames them,
// restores their lasting addresses and sets them up. It looks for all of them before it
// moves the first. An error names the device's place in config.json, the kernel's answer
// and what is allowed.
func Move(devices []Device, namespace int) error {
	host, err := open()
	if err != nil {
		return err
	}
	defer host.close()
	container, err := openIn(namespace)
	if err != nil {
		return fmt.Errorf("the container's network namespace: %w", err)
	}
	defer container.close()
	interfaces, err := host.interfaces()
	if err != nil {
		return err
	}
	for _, device := range devices {
		if err := check(device, interfaces, container); err != nil {
			return err
		}
	}
	for _, device := range devices {
		if err := move(device, interfaces[device.Name], host, container, namespace); err != nil {
			return fmt.Errorf("%s: %w", device.Place, err)
		}
	}
	return nil
}

// check refuses a device that cannot be moved while none has been: the kernel moves a
// device before it renames it, and does not move it back.
func check(device Device, interfaces map[string]int32, container *socket) error {
	if _, there := interfaces[device.Name]; !there {
		return fmt.Errorf("%s: the host has no network device %q; allowed: one that is there", device.Place, device.Name)
	}
	taken, err := container.interfaces()
	if err != nil {
		return err
	}
	if _, is := taken[device.Target]; is && !strings.Contains(device.Target, "%d") {
		return fmt.Errorf("%s.name: the container has a network device %q already; allowed: another name, or one with %%d in it", device.Place, device.Target)
	}
	return nil
}

func move(device Device, index int32, host, container *socket, namespace int) error {
	lasting, err := host.addresses(index)
	if err != nil {
		return failed("RTM_GETADDR", device.Name, err)
	}
	taken, err := container.interfaces()
	if err != nil {
		return failed("RTM_GETLINK", device.Name, err)
	}
	// We choose the index, so that the device can be identified whatever its new name is.
	there := index
	for _, other := range taken {
		if other == index {
			there = highest(taken) + 1
		}
	}
	r := newRequest(unix.RTM_NEWLINK, unix.NLM_F_ACK, link(index, 0, 0))
	r.number(unix.IFLA_NET_NS_FD, uint32(namespace))
	r.number(unix.IFLA_NEW_IFINDEX, uint32(there))
	r.text(unix.IFLA_IFNAME, device.Target)
	if _, err := host.ask(r); err != nil {
		return failed("RTM_NEWLINK", device.Name+" as "+device.Target, err)
	}
	for _, address := range lasting {
		if _, err := container.ask(address.request(there)); err != nil {
			return failed("RTM_NEWADDR", device.Target+" "+address.String(), err)
		}
	}
	_, err = container.ask(newRequest(unix.RTM_NEWLINK, unix.NLM_F_ACK, link(there, unix.IFF_UP, unix.IFF_UP)))
	return failed("RTM_NEWLINK", device.Target+" up", err)
}

func highest(interfaces map[string]int32) int32 {
	var all []int32
	for _, index := range interfaces {
		all = append(all, index)
	}
	return slices.Max(all)
}

// interfaces maps the names of a namespace's devices to their indexes.
func (s *socket) interfaces() (map[string]int32, error) {
	answers, err := s.ask(newRequest(unix.RTM_GETLINK, unix.NLM_F_DUMP, link(0, 0, 0)))
	if err != nil {
		return nil, failed("RTM_GETLINK", "all", err)
	}
	found := map[string]int32{}
	for _, one := range answers {
		if one.kind == unix.RTM_NEWLINK && len(one.body) >= unix.SizeofIfInfomsg {
			name := attributes(one.body, unix.SizeofIfInfomsg)[unix.IFLA_IFNAME]
			found[unix.ByteSliceToString(name)] = int32(native.Uint32(one.body[4:]))
		}
	}
	return found, nil
}

func failed(call, object string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, unix.EINVAL) && call == "RTM_NEWLINK" {
		err = fmt.Errorf("%w (a device that belongs to its namespace cannot be moved)", err)
	}
	return &fs.PathError{Op: call, Path: object, Err: err}
}
