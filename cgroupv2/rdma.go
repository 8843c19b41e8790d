package cgroupv2

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// maxDeviceName is IB_DEVICE_NAME_MAX, including the terminating NUL.
const maxDeviceName = 64

// computeRdma converts linux.resources.rdma (config-linux.md, "RDMA"), sorted by device
// name so that the result is deterministic.
func computeRdma(b *builder, r *specs.LinuxResources) error {
	for _, device := range slices.Sorted(maps.Keys(r.Rdma)) {
		path := fmt.Sprintf("rdma[%q]", device)
		if device == "" || len(device) >= maxDeviceName || strings.ContainsAny(device, " \t\n\x00") {
			return refuse(resources+".rdma", strconv.Quote(device), "a device name of 1…%d bytes without spaces", maxDeviceName-1)
		}
		limit := r.Rdma[device]
		if limit.HcaHandles == nil && limit.HcaObjects == nil {
			return refuse(resources+"."+path, "an entry without limits", "hcaHandles, hcaObjects or both")
		}
		line := device
		if limit.HcaHandles != nil {
			line += " hca_handle=" + countOrMax(*limit.HcaHandles)
		}
		if limit.HcaObjects != nil {
			line += " hca_object=" + countOrMax(*limit.HcaObjects)
		}
		b.add(path, "rdma.max", line, nil)
	}
	return nil
}

// countOrMax formats a limit for the kernel, which counts in a signed integer, shows the
// maximum as max, and refuses anything greater.
func countOrMax(count uint32) string {
	if count >= math.MaxInt32 {
		return "max"
	}
	return strconv.FormatUint(uint64(count), 10)
}
