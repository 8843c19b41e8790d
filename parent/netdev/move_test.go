package netdev

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
)

// between runs a test on a thread in a new network namespace, the host, and gives it
// another one, the container. Both end with the test.
func between(t *testing.T, test func(host *socket, container *socket, namespace int)) {
	t.Helper()
	harness.Need(t, harness.Root)
	made := make(chan *os.File, 1)
	go func() {
		runtime.LockOSThread()
		made <- newNamespace(t)
	}()
	namespace := <-made
	if namespace == nil {
		t.FailNow()
	}
	defer namespace.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		own := newNamespace(t)
		if own == nil {
			return
		}
		defer own.Close()
		host, err := open()
		if err != nil {
			t.Error(err)
			return
		}
		defer host.close()
		container, err := openIn(int(namespace.Fd()))
		if err != nil {
			t.Error(err)
			return
		}
		defer container.close()
		test(host, container, int(namespace.Fd()))
	}()
	<-done
}

func newNamespace(t *testing.T) *os.File {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Errorf("unshare: %v", err)
		return nil
	}
	file, err := os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()))
	if err != nil {
		t.Error(err)
		return nil
	}
	return file
}

// vethPeer is VETH_INFO_PEER of linux/veth.h.
const vethPeer = 1

// addPair makes a pair of virtual devices.
func addPair(t *testing.T, s *socket, name, peer string) {
	t.Helper()
	nested := func(parts ...func(*request)) []byte {
		inner := &request{}
		for _, part := range parts {
			part(inner)
		}
		return inner.bytes
	}
	other := append(link(0, 0, 0), nested(func(r *request) { r.text(unix.IFLA_IFNAME, peer) })...)
	r := newRequest(unix.RTM_NEWLINK, unix.NLM_F_ACK|unix.NLM_F_CREATE|unix.NLM_F_EXCL, link(0, 0, 0))
	r.text(unix.IFLA_IFNAME, name)
	r.number(unix.IFLA_MTU, 1400)
	r.attribute(unix.IFLA_LINKINFO, nested(
		func(r *request) { r.text(unix.IFLA_INFO_KIND, "veth") },
		func(r *request) {
			r.attribute(unix.IFLA_INFO_DATA, nested(func(r *request) { r.attribute(vethPeer, other) }))
		}))
	if _, err := s.ask(r); err != nil {
		t.Fatalf("a pair of devices: %v", err)
	}
}

func indexOf(t *testing.T, s *socket, name string) int32 {
	t.Helper()
	found, err := s.interfaces()
	if err != nil {
		t.Fatal(err)
	}
	return found[name]
}

func addAddress(t *testing.T, s *socket, index int32, a address) {
	t.Helper()
	r := a.request(index)
	if _, err := s.ask(r); err != nil {
		t.Fatalf("address %s: %v", &a, err)
	}
}

func v4(scope byte, bytes ...byte) address {
	return address{family: unix.AF_INET, prefix: 24, scope: scope, attributes: map[uint16][]byte{unix.IFA_LOCAL: bytes, unix.IFA_ADDRESS: bytes}}
}

func v6(bytes ...byte) address {
	full := append(bytes, make([]byte, 16-len(bytes))...)
	return address{family: unix.AF_INET6, prefix: 64, flags: unix.IFA_F_NODAD, attributes: map[uint16][]byte{unix.IFA_ADDRESS: full}}
}

func texts(t *testing.T, s *socket, index int32) []string {
	t.Helper()
	found, err := s.addresses(index)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for i := range found {
		all = append(all, found[i].String())
	}
	slices.Sort(all)
	return all
}

// A device arrives with its lasting addresses and its attributes, under its new name, and
// is up, even if its index is taken.
func TestMove(t *testing.T) {
	for _, taken := range []bool{false, true} {
		t.Run(fmt.Sprintf("index taken %t", taken), func(t *testing.T) {
			between(t, func(host, container *socket, namespace int) {
				addPair(t, host, "given", "other")
				index := indexOf(t, host, "given")
				if taken {
					addPair(t, container, "theirs", "theirs2") // gets the same numbers
					if indexOf(t, container, "theirs") != index && indexOf(t, container, "theirs2") != index {
						t.Fatal("the index is not taken")
					}
				}
				addAddress(t, host, index, v4(unix.RT_SCOPE_UNIVERSE, 192, 0, 2, 1))
				addAddress(t, host, index, v4(unix.RT_SCOPE_UNIVERSE, 198, 51, 100, 7))
				addAddress(t, host, index, v4(unix.RT_SCOPE_LINK, 203, 0, 113, 1))
				addAddress(t, host, index, v6(0x20, 0x01, 0x0d, 0xb8))
				want := texts(t, host, index)
				if len(want) != 3 {
					t.Fatalf("lasting addresses %v", want)
				}
				if err := Move([]Device{{Name: "given", Target: "eth0", Place: "linux.netDevices"}}, namespace); err != nil {
					t.Fatal(err)
				}
				if indexOf(t, host, "given") != 0 {
					t.Error("the host has it still")
				}
				there := indexOf(t, container, "eth0")
				if got := texts(t, container, there); there == 0 || !slices.Equal(got, want) {
					t.Errorf("in the container it has index %d and addresses %v, want %v", there, got, want)
				}
				answers, err := container.ask(newRequest(unix.RTM_GETLINK, unix.NLM_F_ACK, link(there, 0, 0)))
				if err != nil || len(answers) != 1 {
					t.Fatalf("%d answers, %v", len(answers), err)
				}
				body := answers[0].body
				if native.Uint32(body[8:])&unix.IFF_UP == 0 {
					t.Error("it is down")
				}
				if mtu := attributes(body, unix.SizeofIfInfomsg)[unix.IFLA_MTU]; native.Uint32(mtu) != 1400 {
					t.Errorf("its MTU is %d", native.Uint32(mtu))
				}
			})
		})
	}
}

// A template gets the lowest free number.
func TestMoveByTemplate(t *testing.T) {
	between(t, func(host, container *socket, namespace int) {
		addPair(t, host, "one", "two")
		addPair(t, container, "net0", "x")
		devices := []Device{{Name: "one", Target: "net%d", Place: "a"}, {Name: "two", Target: "net%d", Place: "b"}}
		if err := Move(devices, namespace); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"net0", "net1", "net2"} {
			if indexOf(t, container, name) == 0 {
				t.Errorf("%s is not there", name)
			}
		}
	})
}

// What cannot be moved is refused before anything has been.
func TestMoveRefuses(t *testing.T) {
	between(t, func(host, container *socket, namespace int) {
		addPair(t, host, "one", "two")
		addPair(t, container, "eth0", "x")
		for want, bad := range map[string]Device{
			`place: the host has no network device "missing"`:                    {Name: "missing", Target: "a", Place: "place"},
			`place.name: the container has a network device "eth0" already`:      {Name: "two", Target: "eth0", Place: "place"},
			`place: RTM_NEWLINK lo as lo0: invalid argument (a device that belo`: {Name: "lo", Target: "lo0", Place: "place"},
		} {
			err := Move([]Device{bad}, namespace)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
			if bad.Name != "lo" {
				err = Move([]Device{{Name: "one", Target: "first", Place: "first"}, bad}, namespace)
			}
			if err == nil || indexOf(t, host, "one") == 0 {
				t.Errorf("%q: another device was moved (%v)", want, err)
			}
		}
	})
}
