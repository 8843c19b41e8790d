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

// moveDevices gives the child's network namespace the devices of
// linux.netDevices, while the child boots. What becomes of them after that is
// the kernel's business, also where the container cannot be created: the
// specification wants none of them moved back.
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
