package bundle

import (
	json "github.com/fsrun/fsrun/parent/bundle/strictjson"
	"github.com/opencontainers/runtime-spec/specs-go"
)

var processFields = []json.Field[specs.Process]{
	{Name: "terminal", Read: func(d *json.Decoder, p *specs.Process) { json.Bool(d, &p.Terminal) }},
	{Name: "consoleSize", Read: func(d *json.Decoder, p *specs.Process) { json.Pointer(d, &p.ConsoleSize, readBox) }},
	{Name: "user", Read: func(d *json.Decoder, p *specs.Process) { readUser(d, &p.User) }},
	{Name: "args", Read: func(d *json.Decoder, p *specs.Process) { json.List(d, &p.Args, json.String) }},
	{Name: "env", Read: func(d *json.Decoder, p *specs.Process) { json.List(d, &p.Env, json.String) }},
	{Name: "cwd", Read: func(d *json.Decoder, p *specs.Process) { json.String(d, &p.Cwd) }},
	{Name: "capabilities", Read: func(d *json.Decoder, p *specs.Process) { json.Pointer(d, &p.Capabilities, readCapabilities) }},
	{Name: "rlimits", Read: func(d *json.Decoder, p *specs.Process) { json.List(d, &p.Rlimits, readRlimit) }},
	{Name: "noNewPrivileges", Read: func(d *json.Decoder, p *specs.Process) { json.Bool(d, &p.NoNewPrivileges) }},
	{Name: "apparmorProfile", Read: func(d *json.Decoder, p *specs.Process) { json.String(d, &p.ApparmorProfile) }},
	{Name: "oomScoreAdj", Read: func(d *json.Decoder, p *specs.Process) { json.Pointer(d, &p.OOMScoreAdj, json.Integer) }},
	{Name: "scheduler", Read: func(d *json.Decoder, p *specs.Process) { json.Pointer(d, &p.Scheduler, readScheduler) }},
	{Name: "selinuxLabel", Read: func(d *json.Decoder, p *specs.Process) { json.String(d, &p.SelinuxLabel) }},
	{Name: "ioPriority", Read: func(d *json.Decoder, p *specs.Process) { json.Pointer(d, &p.IOPriority, readIOPriority) }},
	{Name: "execCPUAffinity", Read: func(d *json.Decoder, p *specs.Process) { json.Pointer(d, &p.ExecCPUAffinity, readCPUAffinity) }},
	{Name: "commandLine", Read: json.Drop[specs.Process]},
}

func readProcess(d *json.Decoder, p *specs.Process) { json.Struct(d, p, processFields) }

var boxFields = []json.Field[specs.Box]{
	{Name: "height", Read: func(d *json.Decoder, b *specs.Box) { json.Integer(d, &b.Height) }, Required: true},
	{Name: "width", Read: func(d *json.Decoder, b *specs.Box) { json.Integer(d, &b.Width) }, Required: true},
}

func readBox(d *json.Decoder, b *specs.Box) { json.Struct(d, b, boxFields) }

var userFields = []json.Field[specs.User]{
	{Name: "uid", Read: func(d *json.Decoder, u *specs.User) { json.Integer(d, &u.UID) }},
	{Name: "gid", Read: func(d *json.Decoder, u *specs.User) { json.Integer(d, &u.GID) }},
	{Name: "umask", Read: func(d *json.Decoder, u *specs.User) { json.Pointer(d, &u.Umask, json.Integer) }},
	{Name: "additionalGids", Read: func(d *json.Decoder, u *specs.User) { json.List(d, &u.AdditionalGids, json.Integer) }},
	{Name: "username", Read: json.Drop[specs.User]},
}

func readUser(d *json.Decoder, u *specs.User) { json.Struct(d, u, userFields) }

var capabilitiesFields = []json.Field[specs.LinuxCapabilities]{
	{Name: "bounding", Read: func(d *json.Decoder, c *specs.LinuxCapabilities) { json.List(d, &c.Bounding, json.String) }},
	{Name: "effective", Read: func(d *json.Decoder, c *specs.LinuxCapabilities) { json.List(d, &c.Effective, json.String) }},
	{Name: "inheritable", Read: func(d *json.Decoder, c *specs.LinuxCapabilities) { json.List(d, &c.Inheritable, json.String) }},
	{Name: "permitted", Read: func(d *json.Decoder, c *specs.LinuxCapabilities) { json.List(d, &c.Permitted, json.String) }},
	{Name: "ambient", Read: func(d *json.Decoder, c *specs.LinuxCapabilities) { json.List(d, &c.Ambient, json.String) }},
}

func readCapabilities(d *json.Decoder, c *specs.LinuxCapabilities) {
	json.Struct(d, c, capabilitiesFields)
}

var rlimitFields = []json.Field[specs.POSIXRlimit]{
	{Name: "type", Read: func(d *json.Decoder, r *specs.POSIXRlimit) { json.String(d, &r.Type) }, Required: true},
	{Name: "hard", Read: func(d *json.Decoder, r *specs.POSIXRlimit) { json.Integer(d, &r.Hard) }, Required: true},
	{Name: "soft", Read: func(d *json.Decoder, r *specs.POSIXRlimit) { json.Integer(d, &r.Soft) }, Required: true},
}

func readRlimit(d *json.Decoder, r *specs.POSIXRlimit) { json.Struct(d, r, rlimitFields) }

var schedulerFields = []json.Field[specs.Scheduler]{
	{Name: "policy", Read: func(d *json.Decoder, s *specs.Scheduler) { json.String(d, &s.Policy) }},
	{Name: "nice", Read: func(d *json.Decoder, s *specs.Scheduler) { json.Integer(d, &s.Nice) }},
	{Name: "priority", Read: func(d *json.Decoder, s *specs.Scheduler) { json.Integer(d, &s.Priority) }},
	{Name: "flags", Read: func(d *json.Decoder, s *specs.Scheduler) { json.List(d, &s.Flags, json.String) }},
	{Name: "runtime", Read: func(d *json.Decoder, s *specs.Scheduler) { json.Integer(d, &s.Runtime) }},
	{Name: "deadline", Read: func(d *json.Decoder, s *specs.Scheduler) { json.Integer(d, &s.Deadline) }},
	{Name: "period", Read: func(d *json.Decoder, s *specs.Scheduler) { json.Integer(d, &s.Period) }},
}

func readScheduler(d *json.Decoder, s *specs.Scheduler) { json.Struct(d, s, schedulerFields) }

var ioPriorityFields = []json.Field[specs.LinuxIOPriority]{
	{Name: "class", Read: func(d *json.Decoder, p *specs.LinuxIOPriority) { json.String(d, &p.Class) }},
	{Name: "priority", Read: func(d *json.Decoder, p *specs.LinuxIOPriority) { json.Integer(d, &p.Priority) }},
}

func readIOPriority(d *json.Decoder, p *specs.LinuxIOPriority) { json.Struct(d, p, ioPriorityFields) }

var cpuAffinityFields = []json.Field[specs.CPUAffinity]{
	{Name: "initial", Read: func(d *json.Decoder, a *specs.CPUAffinity) { json.String(d, &a.Initial) }},
	{Name: "final", Read: func(d *json.Decoder, a *specs.CPUAffinity) { json.String(d, &a.Final) }},
}

func readCPUAffinity(d *json.Decoder, a *specs.CPUAffinity) { json.Struct(d, a, cpuAffinityFields) }
