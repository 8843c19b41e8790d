package bundle

import (
	json "github.com/fsrun/fsrun/parent/bundle/strictjson"
	"github.com/opencontainers/runtime-spec/specs-go"
)

var resourcesFields = []json.Field[specs.LinuxResources]{
	{Name: "devices", Read: func(d *json.Decoder, v *specs.LinuxResources) { json.List(d, &v.Devices, readDeviceCgroup) }},
	{Name: "memory", Read: func(d *json.Decoder, v *specs.LinuxResources) { json.Pointer(d, &v.Memory, readMemory) }},
	{Name: "cpu", Read: func(d *json.Decoder, v *specs.LinuxResources) { json.Pointer(d, &v.CPU, readCPU) }},
	{Name: "pids", Read: func(d *json.Decoder, v *specs.LinuxResources) { json.Pointer(d, &v.Pids, readPids) }},
	{Name: "blockIO", Read: func(d *json.Decoder, v *specs.LinuxResources) { json.Pointer(d, &v.BlockIO, readBlockIO) }},
	{Name: "hugepageLimits", Read: func(d *json.Decoder, v *specs.LinuxResources) { json.List(d, &v.HugepageLimits, readHugepageLimit) }},
	{Name: "network", Read: func(d *json.Decoder, v *specs.LinuxResources) { json.Pointer(d, &v.Network, readNetwork) }},
	{Name: "rdma", Read: func(d *json.Decoder, v *specs.LinuxResources) { json.Map(d, &v.Rdma, readRdma) }},
	{Name: "unified", Read: func(d *json.Decoder, v *specs.LinuxResources) { json.Map(d, &v.Unified, json.String) }},
}

func readResources(d *json.Decoder, v *specs.LinuxResources) { json.Struct(d, v, resourcesFields) }

var deviceCgroupFields = []json.Field[specs.LinuxDeviceCgroup]{
	{Name: "allow", Read: func(d *json.Decoder, v *specs.LinuxDeviceCgroup) { json.Bool(d, &v.Allow) }, Required: true},
	{Name: "type", Read: func(d *json.Decoder, v *specs.LinuxDeviceCgroup) { json.String(d, &v.Type) }},
	{Name: "major", Read: func(d *json.Decoder, v *specs.LinuxDeviceCgroup) { json.Pointer(d, &v.Major, json.Integer) }},
	{Name: "minor", Read: func(d *json.Decoder, v *specs.LinuxDeviceCgroup) { json.Pointer(d, &v.Minor, json.Integer) }},
	{Name: "access", Read: func(d *json.Decoder, v *specs.LinuxDeviceCgroup) { json.String(d, &v.Access) }},
}

func readDeviceCgroup(d *json.Decoder, v *specs.LinuxDeviceCgroup) {
	json.Struct(d, v, deviceCgroupFields)
}

var memoryFields = []json.Field[specs.LinuxMemory]{
	{Name: "limit", Read: func(d *json.Decoder, v *specs.LinuxMemory) { json.Pointer(d, &v.Limit, json.Integer) }},
	{Name: "reservation", Read: func(d *json.Decoder, v *specs.LinuxMemory) { json.Pointer(d, &v.Reservation, json.Integer) }},
	{Name: "swap", Read: func(d *json.Decoder, v *specs.LinuxMemory) { json.Pointer(d, &v.Swap, json.Integer) }},
	//lint:ignore SA1019 the property is deprecated, but it must be read to be refused or warned about
	{Name: "kernel", Read: func(d *json.Decoder, v *specs.LinuxMemory) { json.Pointer(d, &v.Kernel, json.Integer) }},
	{Name: "kernelTCP", Read: func(d *json.Decoder, v *specs.LinuxMemory) { json.Pointer(d, &v.KernelTCP, json.Integer) }},
	{Name: "swappiness", Read: func(d *json.Decoder, v *specs.LinuxMemory) { json.Pointer(d, &v.Swappiness, json.Integer) }},
	{Name: "disableOOMKiller", Read: func(d *json.Decoder, v *specs.LinuxMemory) { json.Pointer(d, &v.DisableOOMKiller, json.Bool) }},
	{Name: "useHierarchy", Read: func(d *json.Decoder, v *specs.LinuxMemory) { json.Pointer(d, &v.UseHierarchy, json.Bool) }},
	{Name: "checkBeforeUpdate", Read: func(d *json.Decoder, v *specs.LinuxMemory) { json.Pointer(d, &v.CheckBeforeUpdate, json.Bool) }},
}

func readMemory(d *json.Decoder, v *specs.LinuxMemory) { json.Struct(d, v, memoryFields) }

var cpuFields = []json.Field[specs.LinuxCPU]{
	{Name: "shares", Read: func(d *json.Decoder, v *specs.LinuxCPU) { json.Pointer(d, &v.Shares, json.Integer) }},
	{Name: "quota", Read: func(d *json.Decoder, v *specs.LinuxCPU) { json.Pointer(d, &v.Quota, json.Integer) }},
	{Name: "burst", Read: func(d *json.Decoder, v *specs.LinuxCPU) { json.Pointer(d, &v.Burst, json.Integer) }},
	{Name: "period", Read: func(d *json.Decoder, v *specs.LinuxCPU) { json.Pointer(d, &v.Period, json.Integer) }},
	{Name: "realtimeRuntime", Read: func(d *json.Decoder, v *specs.LinuxCPU) { json.Pointer(d, &v.RealtimeRuntime, json.Integer) }},
	{Name: "realtimePeriod", Read: func(d *json.Decoder, v *specs.LinuxCPU) { json.Pointer(d, &v.RealtimePeriod, json.Integer) }},
	{Name: "cpus", Read: func(d *json.Decoder, v *specs.LinuxCPU) { json.String(d, &v.Cpus) }},
	{Name: "mems", Read: func(d *json.Decoder, v *specs.LinuxCPU) { json.String(d, &v.Mems) }},
	{Name: "idle", Read: func(d *json.Decoder, v *specs.LinuxCPU) { json.Pointer(d, &v.Idle, json.Integer) }},
}

func readCPU(d *json.Decoder, v *specs.LinuxCPU) { json.Struct(d, v, cpuFields) }

var pidsFields = []json.Field[specs.LinuxPids]{
	{Name: "limit", Read: func(d *json.Decoder, v *specs.LinuxPids) { json.Pointer(d, &v.Limit, json.Integer) }},
}

func readPids(d *json.Decoder, v *specs.LinuxPids) { json.Struct(d, v, pidsFields) }

var blockIOFields = []json.Field[specs.LinuxBlockIO]{
	{Name: "weight", Read: func(d *json.Decoder, v *specs.LinuxBlockIO) { json.Pointer(d, &v.Weight, json.Integer) }},
	{Name: "leafWeight", Read: func(d *json.Decoder, v *specs.LinuxBlockIO) { json.Pointer(d, &v.LeafWeight, json.Integer) }},
	{Name: "weightDevice", Read: func(d *json.Decoder, v *specs.LinuxBlockIO) { json.List(d, &v.WeightDevice, readWeightDevice) }},
	{Name: "throttleReadBpsDevice", Read: func(d *json.Decoder, v *specs.LinuxBlockIO) {
		json.List(d, &v.ThrottleReadBpsDevice, readThrottleDevice)
	}},
	{Name: "throttleWriteBpsDevice", Read: func(d *json.Decoder, v *specs.LinuxBlockIO) {
		json.List(d, &v.ThrottleWriteBpsDevice, readThrottleDevice)
	}},
	{Name: "throttleReadIOPSDevice", Read: func(d *json.Decoder, v *specs.LinuxBlockIO) {
		json.List(d, &v.ThrottleReadIOPSDevice, readThrottleDevice)
	}},
	{Name: "throttleWriteIOPSDevice", Read: func(d *json.Decoder, v *specs.LinuxBlockIO) {
		json.List(d, &v.ThrottleWriteIOPSDevice, readThrottleDevice)
	}},
}

func readBlockIO(d *json.Decoder, v *specs.LinuxBlockIO) { json.Struct(d, v, blockIOFields) }

var weightDeviceFields = []json.Field[specs.LinuxWeightDevice]{
	{Name: "major", Read: func(d *json.Decoder, v *specs.LinuxWeightDevice) { json.Integer(d, &v.Major) }, Required: true},
	{Name: "minor", Read: func(d *json.Decoder, v *specs.LinuxWeightDevice) { json.Integer(d, &v.Minor) }, Required: true},
	{Name: "weight", Read: func(d *json.Decoder, v *specs.LinuxWeightDevice) { json.Pointer(d, &v.Weight, json.Integer) }},
	{Name: "leafWeight", Read: func(d *json.Decoder, v *specs.LinuxWeightDevice) { json.Pointer(d, &v.LeafWeight, json.Integer) }},
}

func readWeightDevice(d *json.Decoder, v *specs.LinuxWeightDevice) {
	json.Struct(d, v, weightDeviceFields)
}

var throttleDeviceFields = []json.Field[specs.LinuxThrottleDevice]{
	{Name: "major", Read: func(d *json.Decoder, v *specs.LinuxThrottleDevice) { json.Integer(d, &v.Major) }, Required: true},
	{Name: "minor", Read: func(d *json.Decoder, v *specs.LinuxThrottleDevice) { json.Integer(d, &v.Minor) }, Required: true},
	{Name: "rate", Read: func(d *json.Decoder, v *specs.LinuxThrottleDevice) { json.Integer(d, &v.Rate) }},
}

func readThrottleDevice(d *json.Decoder, v *specs.LinuxThrottleDevice) {
	json.Struct(d, v, throttleDeviceFields)
}

var hugepageLimitFields = []json.Field[specs.LinuxHugepageLimit]{
	{Name: "pageSize", Read: func(d *json.Decoder, v *specs.LinuxHugepageLimit) { json.String(d, &v.Pagesize) }, Required: true},
	{Name: "limit", Read: func(d *json.Decoder, v *specs.LinuxHugepageLimit) { json.Integer(d, &v.Limit) }, Required: true},
}

func readHugepageLimit(d *json.Decoder, v *specs.LinuxHugepageLimit) {
	json.Struct(d, v, hugepageLimitFields)
}

var networkFields = []json.Field[specs.LinuxNetwork]{
	{Name: "classID", Read: func(d *json.Decoder, v *specs.LinuxNetwork) { json.Pointer(d, &v.ClassID, json.Integer) }},
	{Name: "priorities", Read: func(d *json.Decoder, v *specs.LinuxNetwork) { json.List(d, &v.Priorities, readInterfacePriority) }},
}

func readNetwork(d *json.Decoder, v *specs.LinuxNetwork) { json.Struct(d, v, networkFields) }

var interfacePriorityFields = []json.Field[specs.LinuxInterfacePriority]{
	{Name: "name", Read: func(d *json.Decoder, v *specs.LinuxInterfacePriority) { json.String(d, &v.Name) }},
	{Name: "priority", Read: func(d *json.Decoder, v *specs.LinuxInterfacePriority) { json.Integer(d, &v.Priority) }},
}

func readInterfacePriority(d *json.Decoder, v *specs.LinuxInterfacePriority) {
	json.Struct(d, v, interfacePriorityFields)
}

var rdmaFields = []json.Field[specs.LinuxRdma]{
	{Name: "hcaHandles", Read: func(d *json.Decoder, v *specs.LinuxRdma) { json.Pointer(d, &v.HcaHandles, json.Integer) }},
	{Name: "hcaObjects", Read: func(d *json.Decoder, v *specs.LinuxRdma) { json.Pointer(d, &v.HcaObjects, json.Integer) }},
}

func readRdma(d *json.Decoder, v *specs.LinuxRdma) { json.Struct(d, v, rdmaFields) }
