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

// maxDeviceName is IB_DEVICE_NAME_MAX with its end.
const maxDeviceName = 64

// computeRdma converts linux.resources.rdma (config-linux.md, "RDMA"), sorted by the
// device's name so that the same config always gives the same settings.
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

// countOrMax writes what the kernel counts in a signed integer, whose maximum means max. It
// refuses what is beyond.
func countOrMax(count uint32) string {
	if count >= math.MaxInt32 {
		return "max"
	}
	return strconv.FormatUint(uint64(count), 10)
}
