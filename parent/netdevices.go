package parent

import (
	"fmt"
	"maps"
	"os"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/netdev"
)

// moveDevices moves the devices of linux.netDevices into the child's network namespace
// while the child boots. What happens to them after that is up to the kernel, even if the
// container cannot be created: according to the specification, none of them is moved back.
func moveDevices(spec *specs.Spec, pid int) error {
	if len(spec.Linux.NetDevices) == 0 {
		return nil
	}
	namespace, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return err
	}
	defer namespace.Close()
	var devices []netdev.Device
	for _, name := range slices.Sorted(maps.Keys(spec.Linux.NetDevices)) {
		devices = append(devices, netdev.Device{
			Name: name, Target: bundle.NetDeviceName(spec, name), Place: fmt.Sprintf("linux.netDevices[%q]", name),
		})
	}
	return netdev.Move(devices, int(namespace.Fd()))
}
