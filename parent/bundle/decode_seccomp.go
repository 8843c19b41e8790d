package bundle

import (
	json "github.com/fsrun/fsrun/parent/bundle/strictjson"
	"github.com/opencontainers/runtime-spec/specs-go"
)

var seccompFields = []json.Field[specs.LinuxSeccomp]{
	{Name: "defaultAction", Read: func(d *json.Decoder, v *specs.LinuxSeccomp) { json.String(d, &v.DefaultAction) }, Required: true},
	{Name: "defaultErrnoRet", Read: func(d *json.Decoder, v *specs.LinuxSeccomp) { json.Pointer(d, &v.DefaultErrnoRet, json.Integer) }},
	{Name: "architectures", Read: func(d *json.Decoder, v *specs.LinuxSeccomp) { json.List(d, &v.Architectures, json.String) }},
	{Name: "flags", Read: func(d *json.Decoder, v *specs.LinuxSeccomp) { json.List(d, &v.Flags, json.String) }},
	{Name: "listenerPath", Read: func(d *json.Decoder, v *specs.LinuxSeccomp) { json.String(d, &v.ListenerPath) }},
	{Name: "listenerMetadata", Read: func(d *json.Decoder, v *specs.LinuxSeccomp) { json.String(d, &v.ListenerMetadata) }},
	{Name: "syscalls", Read: func(d *json.Decoder, v *specs.LinuxSeccomp) { json.List(d, &v.Syscalls, readSyscall) }},
}

func readSeccomp(d *json.Decoder, v *specs.LinuxSeccomp) { json.Struct(d, v, seccompFields) }

var syscallFields = []json.Field[specs.LinuxSyscall]{
	{Name: "names", Read: func(d *json.Decoder, v *specs.LinuxSyscall) { json.List(d, &v.Names, json.String) }, Required: true},
	{Name: "action", Read: func(d *json.Decoder, v *specs.LinuxSyscall) { json.String(d, &v.Action) }, Required: true},
	{Name: "errnoRet", Read: func(d *json.Decoder, v *specs.LinuxSyscall) { json.Pointer(d, &v.ErrnoRet, json.Integer) }},
	{Name: "args", Read: func(d *json.Decoder, v *specs.LinuxSyscall) { json.List(d, &v.Args, readSeccompArg) }},
}

func readSyscall(d *json.Decoder, v *specs.LinuxSyscall) { json.Struct(d, v, syscallFields) }

var seccompArgFields = []json.Field[specs.LinuxSeccompArg]{
	{Name: "index", Read: func(d *json.Decoder, v *specs.LinuxSeccompArg) { json.Integer(d, &v.Index) }, Required: true},
	{Name: "value", Read: func(d *json.Decoder, v *specs.LinuxSeccompArg) { json.Integer(d, &v.Value) }, Required: true},
	{Name: "valueTwo", Read: func(d *json.Decoder, v *specs.LinuxSeccompArg) { json.Integer(d, &v.ValueTwo) }},
	{Name: "op", Read: func(d *json.Decoder, v *specs.LinuxSeccompArg) { json.String(d, &v.Op) }, Required: true},
}

func readSeccompArg(d *json.Decoder, v *specs.LinuxSeccompArg) { json.Struct(d, v, seccompArgFields) }
