package main

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
)

// inNetwork runs a test on a thread whose host is a new network namespace, with a pair of
// devices in it.
func inNetwork(t *testing.T, test func()) {
	t.Helper()
	harness.Need(t, harness.Container...)
	ip := harness.NeedProgram(t, "ip")
	if version, err := exec.Command(ip, "-V").CombinedOutput(); err != nil || !strings.Contains(string(version), "iproute2") {
		t.Skipf("native only: %s is another one; package netdev makes its devices itself", ip)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			t.Errorf("unshare: %v", err)
			return
		}
		for _, line := range []string{
			"link add wan mtu 1300 type veth peer name lan", "address add 192.0.2.10/24 dev wan",
			"address add 2001:db8::10/64 dev wan nodad", "link set wan up", "link set lan up",
		} {
			if output, err := exec.Command(ip, strings.Fields(line)...).CombinedOutput(); err != nil {
				t.Errorf("ip %s: %v: %s", line, err, output)
				return
			}
		}
		test()
	}()
	<-done
}

// A device of the host is in the container under its new name, up, with its addresses, and
// gone from the host; in a user namespace, too.
func TestNetDevices(t *testing.T) {
	for name, edit := range map[string]harness.Edit{"plain": func(*specs.Spec) {}, "user namespace": harness.UserNamespace} {
		t.Run(name, func(t *testing.T) {
			inNetwork(t, func() {
				const files = "/proc/net/dev /proc/net/fib_trie /proc/net/if_inet6 /sys/class/net/eth7/mtu /sys/class/net/eth7/flags"
				c := newContainer(t, harness.Args(strings.Fields("/bin/cat "+files)...), edit, func(spec *specs.Spec) {
					spec.Linux.NetDevices = map[string]specs.LinuxNetDevice{"wan": {Name: "eth7"}}
				})
				seen := c.succeed()
				for _, part := range []string{"eth7:", "192.0.2.10", "20010db8000000000000000000000010", "\n1300\n", "\n0x1003"} {
					if !strings.Contains(seen, part) {
						t.Errorf("the container does not see %q in:\n%s", part, seen)
					}
				}
				host, err := os.ReadFile("/proc/thread-self/net/dev")
				must(t, err)
				if strings.Contains(string(host), "wan:") {
					t.Errorf("the host has it still:\n%s", host)
				}
			})
		})
	}
}

func TestNetDeviceThatIsNotThere(t *testing.T) {
	err := newContainer(t, harness.Args("/bin/true"), func(spec *specs.Spec) {
		spec.Linux.NetDevices = map[string]specs.LinuxNetDevice{"no-such-device": {}}
	}).refuse()
	if want := `linux.netDevices["no-such-device"]: the host has no network device`; !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}
