package bundle

import (
	json "github.com/fsrun/fsrun/parent/bundle/strictjson"
	"github.com/opencontainers/runtime-spec/specs-go"
)

var linuxFields = []json.Field[specs.Linux]{
	{Name: "uidMappings", Read: func(d *json.Decoder, v *specs.Linux) { json.List(d, &v.UIDMappings, readIDMapping) }},
	{Name: "gidMappings", Read: func(d *json.Decoder, v *specs.Linux) { json.List(d, &v.GIDMappings, readIDMapping) }},
	{Name: "sysctl", Read: func(d *json.Decoder, v *specs.Linux) { json.Map(d, &v.Sysctl, json.String) }},
	{Name: "resources", Read: func(d *json.Decoder, v *specs.Linux) { json.Pointer(d, &v.Resources, readResources) }},
	{Name: "cgroupsPath", Read: func(d *json.Decoder, v *specs.Linux) { json.String(d, &v.CgroupsPath) }},
	{Name: "namespaces", Read: func(d *json.Decoder, v *specs.Linux) { json.List(d, &v.Namespaces, readNamespace) }},
	{Name: "devices", Read: func(d *json.Decoder, v *specs.Linux) { json.List(d, &v.Devices, readDevice) }},
	{Name: "netDevices", Read: func(d *json.Decoder, v *specs.Linux) { json.Map(d, &v.NetDevices, readNetDevice) }},
	{Name: "seccomp", Read: func(d *json.Decoder, v *specs.Linux) { json.Pointer(d, &v.Seccomp, readSeccomp) }},
	{Name: "rootfsPropagation", Read: func(d *json.Decoder, v *specs.Linux) { json.String(d, &v.RootfsPropagation) }},
	{Name: "maskedPaths", Read: func(d *json.Decoder, v *specs.Linux) { json.List(d, &v.MaskedPaths, json.String) }},
	{Name: "readonlyPaths", Read: func(d *json.Decoder, v *specs.Linux) { json.List(d, &v.ReadonlyPaths, json.String) }},
	{Name: "mountLabel", Read: func(d *json.Decoder, v *specs.Linux) { json.String(d, &v.MountLabel) }},
	{Name: "intelRdt", Read: func(d *json.Decoder, v *specs.Linux) { json.Pointer(d, &v.IntelRdt, readIntelRdt) }},
	{Name: "memoryPolicy", Read: func(d *json.Decoder, v *specs.Linux) { json.Pointer(d, &v.MemoryPolicy, readMemoryPolicy) }},
	{Name: "personality", Read: func(d *json.Decoder, v *specs.Linux) { json.Pointer(d, &v.Personality, readPersonality) }},
	{Name: "timeOffsets", Read: func(d *json.Decoder, v *specs.Linux) { json.Map(d, &v.TimeOffsets, readTimeOffset) }},
}

func readLinux(d *json.Decoder, v *specs.Linux) { json.Struct(d, v, linuxFields) }

var idMappingFields = []json.Field[specs.LinuxIDMapping]{
	{Name: "containerID", Read: func(d *json.Decoder, v *specs.LinuxIDMapping) { json.Integer(d, &v.ContainerID) }, Required: true},
	{Name: "hostID", Read: func(d *json.Decoder, v *specs.LinuxIDMapping) { json.Integer(d, &v.HostID) }, Required: true},
	{Name: "size", Read: func(d *json.Decoder, v *specs.LinuxIDMapping) { json.Integer(d, &v.Size) }, Required: true},
}

func readIDMapping(d *json.Decoder, v *specs.LinuxIDMapping) { json.Struct(d, v, idMappingFields) }

var namespaceFields = []json.Field[specs.LinuxNamespace]{
	{Name: "type", Read: func(d *json.Decoder, v *specs.LinuxNamespace) { json.String(d, &v.Type) }},
	{Name: "path", Read: func(d *json.Decoder, v *specs.LinuxNamespace) { json.String(d, &v.Path) }},
}

func readNamespace(d *json.Decoder, v *specs.LinuxNamespace) { json.Struct(d, v, namespaceFields) }

var deviceFields = []json.Field[specs.LinuxDevice]{
	{Name: "path", Read: func(d *json.Decoder, v *specs.LinuxDevice) { json.String(d, &v.Path) }},
	{Name: "type", Read: func(d *json.Decoder, v *specs.LinuxDevice) { json.String(d, &v.Type) }},
	{Name: "major", Read: func(d *json.Decoder, v *specs.LinuxDevice) { json.Integer(d, &v.Major) }},
	{Name: "minor", Read: func(d *json.Decoder, v *specs.LinuxDevice) { json.Integer(d, &v.Minor) }},
	{Name: "fileMode", Read: func(d *json.Decoder, v *specs.LinuxDevice) { json.Pointer(d, &v.FileMode, json.Integer) }},
	{Name: "uid", Read: func(d *json.Decoder, v *specs.LinuxDevice) { json.Pointer(d, &v.UID, json.Integer) }},
	{Name: "gid", Read: func(d *json.Decoder, v *specs.LinuxDevice) { json.Pointer(d, &v.GID, json.Integer) }},
}

func readDevice(d *json.Decoder, v *specs.LinuxDevice) { json.Struct(d, v, deviceFields) }

var netDeviceFields = []json.Field[specs.LinuxNetDevice]{
	{Name: "name", Read: func(d *json.Decoder, v *specs.LinuxNetDevice) { json.String(d, &v.Name) }},
}

func readNetDevice(d *json.Decoder, v *specs.LinuxNetDevice) { json.Struct(d, v, netDeviceFields) }

var intelRdtFields = []json.Field[specs.LinuxIntelRdt]{
	{Name: "closID", Read: func(d *json.Decoder, v *specs.LinuxIntelRdt) { json.String(d, &v.ClosID) }},
	{Name: "schemata", Read: func(d *json.Decoder, v *specs.LinuxIntelRdt) { json.List(d, &v.Schemata, json.String) }},
	{Name: "l3CacheSchema", Read: func(d *json.Decoder, v *specs.LinuxIntelRdt) { json.String(d, &v.L3CacheSchema) }},
	{Name: "memBwSchema", Read: func(d *json.Decoder, v *specs.LinuxIntelRdt) { json.String(d, &v.MemBwSchema) }},
	{Name: "enableMonitoring", Read: func(d *json.Decoder, v *specs.LinuxIntelRdt) { json.Bool(d, &v.EnableMonitoring) }},
}

func readIntelRdt(d *json.Decoder, v *specs.LinuxIntelRdt) { json.Struct(d, v, intelRdtFields) }

var memoryPolicyFields = []json.Field[specs.LinuxMemoryPolicy]{
	{Name: "mode", Read: func(d *json.Decoder, v *specs.LinuxMemoryPolicy) { json.String(d, &v.Mode) }},
	{Name: "nodes", Read: func(d *json.Decoder, v *specs.LinuxMemoryPolicy) { json.String(d, &v.Nodes) }},
	{Name: "flags", Read: func(d *json.Decoder, v *specs.LinuxMemoryPolicy) { json.List(d, &v.Flags, json.String) }},
}

func readMemoryPolicy(d *json.Decoder, v *specs.LinuxMemoryPolicy) {
	json.Struct(d, v, memoryPolicyFields)
}

var personalityFields = []json.Field[specs.LinuxPersonality]{
	{Name: "domain", Read: func(d *json.Decoder, v *specs.LinuxPersonality) { json.String(d, &v.Domain) }},
	{Name: "flags", Read: func(d *json.Decoder, v *specs.LinuxPersonality) { json.List(d, &v.Flags, json.String) }},
}

func readPersonality(d *json.Decoder, v *specs.LinuxPersonality) {
	json.Struct(d, v, personalityFields)
}

var timeOffsetFields = []json.Field[specs.LinuxTimeOffset]{
	{Name: "secs", Read: func(d *json.Decoder, v *specs.LinuxTimeOffset) { json.Integer(d, &v.Secs) }},
	{Name: "nanosecs", Read: func(d *json.Decoder, v *specs.LinuxTimeOffset) { json.Integer(d, &v.Nanosecs) }},
}

func readTimeOffset(d *json.Decoder, v *specs.LinuxTimeOffset) { json.Struct(d, v, timeOffsetFields) }
