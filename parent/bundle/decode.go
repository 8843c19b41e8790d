package bundle

import (
	json "github.com/fsrun/fsrun/parent/bundle/strictjson"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// The tables bind the names in config.json to the fields of specs.Spec. Properties for
// other platforms are known by name, and dropped.

var specFields = []json.Field[specs.Spec]{
	{Name: "ociVersion", Read: func(d *json.Decoder, s *specs.Spec) { json.String(d, &s.Version) }},
	{Name: "process", Read: func(d *json.Decoder, s *specs.Spec) { json.Pointer(d, &s.Process, readProcess) }},
	{Name: "root", Read: func(d *json.Decoder, s *specs.Spec) { json.Pointer(d, &s.Root, readRoot) }},
	{Name: "hostname", Read: func(d *json.Decoder, s *specs.Spec) { json.String(d, &s.Hostname) }},
	{Name: "domainname", Read: func(d *json.Decoder, s *specs.Spec) { json.String(d, &s.Domainname) }},
	{Name: "mounts", Read: func(d *json.Decoder, s *specs.Spec) { json.List(d, &s.Mounts, readMount) }},
	{Name: "hooks", Read: func(d *json.Decoder, s *specs.Spec) { json.Pointer(d, &s.Hooks, readHooks) }},
	{Name: "annotations", Read: func(d *json.Decoder, s *specs.Spec) { json.Map(d, &s.Annotations, json.String) }},
	{Name: "linux", Read: func(d *json.Decoder, s *specs.Spec) { json.Pointer(d, &s.Linux, readLinux) }},
	// A virtual machine is a form of protection. To refuse it, we only need to know that it
	// was asked for.
	{Name: "vm", Read: func(d *json.Decoder, s *specs.Spec) { s.VM = new(specs.VM); d.Skip() }},
	{Name: "solaris", Read: json.Drop[specs.Spec]},
	{Name: "windows", Read: json.Drop[specs.Spec]},
	{Name: "zos", Read: json.Drop[specs.Spec]},
	{Name: "freebsd", Read: json.Drop[specs.Spec]},
}

func readSpec(d *json.Decoder, s *specs.Spec) { json.Struct(d, s, specFields) }

var rootFields = []json.Field[specs.Root]{
	{Name: "path", Read: func(d *json.Decoder, r *specs.Root) { json.String(d, &r.Path) }},
	{Name: "readonly", Read: func(d *json.Decoder, r *specs.Root) { json.Bool(d, &r.Readonly) }},
}

func readRoot(d *json.Decoder, r *specs.Root) { json.Struct(d, r, rootFields) }

var mountFields = []json.Field[specs.Mount]{
	{Name: "destination", Read: func(d *json.Decoder, m *specs.Mount) { json.String(d, &m.Destination) }},
	{Name: "type", Read: func(d *json.Decoder, m *specs.Mount) { json.String(d, &m.Type) }},
	{Name: "source", Read: func(d *json.Decoder, m *specs.Mount) { json.String(d, &m.Source) }},
	{Name: "options", Read: func(d *json.Decoder, m *specs.Mount) { json.List(d, &m.Options, json.String) }},
	{Name: "uidMappings", Read: func(d *json.Decoder, m *specs.Mount) { json.List(d, &m.UIDMappings, readIDMapping) }},
	{Name: "gidMappings", Read: func(d *json.Decoder, m *specs.Mount) { json.List(d, &m.GIDMappings, readIDMapping) }},
}

func readMount(d *json.Decoder, m *specs.Mount) { json.Struct(d, m, mountFields) }

var hooksFields = []json.Field[specs.Hooks]{
	//lint:ignore SA1019 the point is deprecated, but bundles use it and it must be honoured
	{Name: "prestart", Read: func(d *json.Decoder, h *specs.Hooks) { json.List(d, &h.Prestart, readHook) }},
	{Name: "createRuntime", Read: func(d *json.Decoder, h *specs.Hooks) { json.List(d, &h.CreateRuntime, readHook) }},
	{Name: "createContainer", Read: func(d *json.Decoder, h *specs.Hooks) { json.List(d, &h.CreateContainer, readHook) }},
	{Name: "startContainer", Read: func(d *json.Decoder, h *specs.Hooks) { json.List(d, &h.StartContainer, readHook) }},
	{Name: "poststart", Read: func(d *json.Decoder, h *specs.Hooks) { json.List(d, &h.Poststart, readHook) }},
	{Name: "poststop", Read: func(d *json.Decoder, h *specs.Hooks) { json.List(d, &h.Poststop, readHook) }},
}

func readHooks(d *json.Decoder, h *specs.Hooks) { json.Struct(d, h, hooksFields) }

var hookFields = []json.Field[specs.Hook]{
	{Name: "path", Read: func(d *json.Decoder, h *specs.Hook) { json.String(d, &h.Path) }},
	{Name: "args", Read: func(d *json.Decoder, h *specs.Hook) { json.List(d, &h.Args, json.String) }},
	{Name: "env", Read: func(d *json.Decoder, h *specs.Hook) { json.List(d, &h.Env, json.String) }},
	{Name: "timeout", Read: func(d *json.Decoder, h *specs.Hook) { json.Pointer(d, &h.Timeout, json.Integer) }},
}

func readHook(d *json.Decoder, h *specs.Hook) { json.Struct(d, h, hookFields) }
