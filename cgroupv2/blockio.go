package cgroupv2

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Bounds of blockIO: the weights of cgroup v1 and BFQ, and the device numbers that fit into
// a Linux dev_t.
const (
	minIOWeight = 10
	maxIOWeight = 1000
	maxMajor    = 1<<12 - 1
	maxMinor    = 1<<20 - 1
)

// computeBlockIO converts linux.resources.blockIO (config-linux.md, "Block IO").
func computeBlockIO(b *builder, r *specs.LinuxResources) error {
	io := r.BlockIO
	if io == nil {
		return nil
	}
	if leaf := value(io.LeafWeight); leaf != 0 {
		return unsupported("blockIO.leafWeight", leaf, leafRemedy)
	}
	if err := addIOWeight(b, "blockIO.weight", "default", value(io.Weight)); err != nil {
		return err
	}
	if err := computeDeviceWeights(b, io.WeightDevice); err != nil {
		return err
	}
	for _, throttle := range [...]struct {
		field, key string
		devices    []specs.LinuxThrottleDevice
	}{
		{"blockIO.throttleReadBpsDevice", "rbps", io.ThrottleReadBpsDevice},
		{"blockIO.throttleWriteBpsDevice", "wbps", io.ThrottleWriteBpsDevice},
		{"blockIO.throttleReadIOPSDevice", "riops", io.ThrottleReadIOPSDevice},
		{"blockIO.throttleWriteIOPSDevice", "wiops", io.ThrottleWriteIOPSDevice},
	} {
		if err := computeThrottle(b, throttle.field, throttle.key, throttle.devices); err != nil {
			return err
		}
	}
	return nil
}

const leafRemedy = "the CFQ scheduler it belonged to is gone: remove it, and use weight"

func computeDeviceWeights(b *builder, devices []specs.LinuxWeightDevice) error {
	seen := map[string]bool{}
	for i, device := range devices {
		path := fmt.Sprintf("blockIO.weightDevice[%d]", i)
		number, err := deviceNumber(path, device.LinuxBlockIODevice, seen)
		switch {
		case err != nil:
			return err
		case value(device.LeafWeight) != 0:
			return unsupported(path+".leafWeight", *device.LeafWeight, leafRemedy)
		case device.Weight == nil && device.LeafWeight == nil:
			return refuse(resources+"."+path, "an entry without a weight", "weight is %d…%d", minIOWeight, maxIOWeight)
		}
		if err := addIOWeight(b, path+".weight", number, value(device.Weight)); err != nil {
			return err
		}
	}
	return nil
}

// addIOWeight adds a weight for a device, or the default weight. BFQ keeps the scale of
// cgroup v1. The weight of io.cost is in 1…10000; runtimes agree on a linear mapping: 1 +
// (weight-10)·9999/990.
func addIOWeight(b *builder, path, key string, weight uint16) error {
	if weight == 0 {
		return nil
	}
	if weight < minIOWeight || weight > maxIOWeight {
		return refuse(resources+"."+path, weight, "%d…%d", minIOWeight, maxIOWeight)
	}
	it := b.add(path, "io.bfq.weight", key+" "+strconv.Itoa(int(weight)), same)
	scaled := 1 + (int(weight)-minIOWeight)*9999/(maxIOWeight-minIOWeight)
	it.instead = &Setting{File: "io.weight", Value: key + " " + strconv.Itoa(scaled), Path: it.Path}
	return nil
}

// computeThrottle adds one setting per device. The kernel keeps the other limits on the
// device's line.
func computeThrottle(b *builder, field, key string, devices []specs.LinuxThrottleDevice) error {
	seen := map[string]bool{}
	for i, device := range devices {
		path := fmt.Sprintf("%s[%d]", field, i)
		number, err := deviceNumber(path, device.LinuxBlockIODevice, seen)
		if err != nil {
			return err
		}
		rate := "max"
		if device.Rate != 0 {
			rate = strconv.FormatUint(device.Rate, 10)
		}
		b.add(path+".rate", "io.max", fmt.Sprintf("%s %s=%s", number, key, rate), standsAmong)
	}
	return nil
}

// deviceNumber formats a device as the io controller does. It refuses a device that the
// list names twice, rather than guess which of the two is meant.
func deviceNumber(path string, d specs.LinuxBlockIODevice, seen map[string]bool) (string, error) {
	number := fmt.Sprintf("%d:%d", d.Major, d.Minor)
	switch {
	case d.Major < 0 || d.Major > maxMajor || d.Minor < 0 || d.Minor > maxMinor:
		return "", refuse(resources+"."+path, number, "a device number, 0…%d:0…%d", maxMajor, maxMinor)
	case seen[number]:
		return "", refuse(resources+"."+path, number, "the device is in this list already: name it once")
	}
	seen[number] = true
	return number, nil
}

// standsAmong checks a line of named values, such as "8:0 rbps=1 wbps=max": every value
// that was asked for must be there. The kernel does not show a line in which everything is
// max.
func standsAmong(asked, got string) bool {
	key, wanted, _ := strings.Cut(asked, " ")
	shown := strings.Fields(got)
	for field := range strings.FieldsSeq(wanted) {
		unlimited := strings.HasSuffix(field, "=max")
		if !slices.Contains(shown, field) && !(got == "" && unlimited) {
			return false
		}
	}
	return got == "" || shown[0] == key
}
