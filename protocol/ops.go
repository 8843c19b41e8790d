package protocol

import (
	"fmt"
	"math"
)

// Origin is embedded in every operation. It says where in config.json the operation comes
// from.
type Origin struct{ At string }

// From is the JSON path.
func (o *Origin) From() string { return o.At }

func (o *Origin) at() field {
	return field{"at", text(&o.At, 0, MaxName), "where in config.json it comes from"}
}

// ResourceLimit is process.rlimits[i].
type ResourceLimit struct {
	Origin
	Resource   uint32 // RLIMIT_* of setrlimit(2)
	Soft, Hard uint64 // MaxUint64: unlimited
}

// OOMScore is process.oomScoreAdj.
type OOMScore struct {
	Origin
	Value int // -1000..1000
}

// Hostname is hostname.
type Hostname struct {
	Origin
	Name string
}

// Domainname is domainname.
type Domainname struct {
	Origin
	Name string
}

// Loopback brings lo up.
type Loopback struct{ Origin }

// Keyring joins a new session keyring.
type Keyring struct {
	Origin
	Name string
}

// ConsoleOp makes the container's terminal. A width and height of 0 leave the size alone.
type ConsoleOp struct {
	Origin
	Width, Height uint16
}

// Sysctl is linux.sysctl[key].
type Sysctl struct {
	Origin
	Key   string // with dots, as sysctl(8) writes it
	Value string
}

// ParentHooks asks the parent to run the prestart and createRuntime hooks.
type ParentHooks struct{ Origin }

// Hook is a createContainer or startContainer hook.
type Hook struct {
	Origin
	Point        string // createContainer or startContainer
	Index        uint32
	Path         string
	Arguments    []string
	Environment  []string
	State        []byte // JSON for the hook's standard input
	Milliseconds uint32 // timeout; 0: none
}

// Enter joins the container's mount namespace.
type Enter struct{ Origin }

// Arguments appends to the program's arguments.
type Arguments struct {
	Origin
	Values []string
}

// Environment appends to the program's environment.
type Environment struct {
	Origin
	Values []string
}

// Execute is what remains to be done after Start.
type Execute struct {
	Origin
	Directory    string // process.cwd
	UID, GID     uint32
	Groups       []uint32
	Umask        uint32
	NoNewPrivs   bool
	Bounding     uint64 // capabilities: bit n is capability n
	Effective    uint64
	Permitted    uint64
	Inheritable  uint64
	Ambient      uint64
	Filter       []byte // struct sock_filter array in the machine's byte order; empty: no filter
	FilterFlags  uint32 // SECCOMP_FILTER_FLAG_*
	PreservedFDs uint32 // how many descriptors from 3 on the program keeps
	SetsGroups   bool   // false where a user namespace denies setgroups(2)
}

func (*ResourceLimit) Kind() OpKind { return OpResourceLimit }
func (*OOMScore) Kind() OpKind      { return OpOOMScore }
func (*Hostname) Kind() OpKind      { return OpHostname }
func (*Domainname) Kind() OpKind    { return OpDomainname }
func (*Loopback) Kind() OpKind      { return OpLoopback }
func (*Keyring) Kind() OpKind       { return OpKeyring }
func (*ConsoleOp) Kind() OpKind     { return OpConsole }
func (*Sysctl) Kind() OpKind        { return OpSysctl }
func (*ParentHooks) Kind() OpKind   { return OpParentHooks }
func (*Hook) Kind() OpKind          { return OpHook }
func (*Enter) Kind() OpKind         { return OpEnter }
func (*Arguments) Kind() OpKind     { return OpArguments }
func (*Environment) Kind() OpKind   { return OpEnvironment }
func (*Execute) Kind() OpKind       { return OpExecute }

// Object is the resource with its soft and hard limits, as prlimit(1) writes them.
func (o *ResourceLimit) Object() string {
	return fmt.Sprintf("%s %s:%s", resourceName(o.Resource), limitText(o.Soft), limitText(o.Hard))
}

// Object is the value.
func (o *OOMScore) Object() string { return fmt.Sprint(o.Value) }

// Object is the name.
func (o *Hostname) Object() string { return o.Name }

// Object is the name.
func (o *Domainname) Object() string { return o.Name }

// Object is the interface.
func (o *Loopback) Object() string { return "lo" }

// Object is the beginning of the keyring's description.
func (o *Keyring) Object() string { return o.Name }

// Object is empty.
func (o *ConsoleOp) Object() string { return "" }

// Object is the key.
func (o *Sysctl) Object() string { return o.Key }

// Object is empty.
func (o *ParentHooks) Object() string { return "" }

// Object is the hook's point, index and path.
func (o *Hook) Object() string { return fmt.Sprintf("%s[%d] %s", o.Point, o.Index, o.Path) }

// Object is empty.
func (o *Enter) Object() string { return "" }

// Object is empty: arguments may hold secrets.
func (o *Arguments) Object() string { return "" }

// Object is empty: the environment may hold secrets.
func (o *Environment) Object() string { return "" }

// Object is empty.
func (o *Execute) Object() string { return "" }

func (o *ResourceLimit) fields() fields {
	return fields{
		o.at(),
		{"resource", unsigned(&o.Resource, 0, 63), "RLIMIT_* number"},
		{"soft", unsigned(&o.Soft, 0, math.MaxUint64), "2^64-1: unlimited"},
		{"hard", unsigned(&o.Hard, 0, math.MaxUint64), "2^64-1: unlimited"},
	}
}

func (o *OOMScore) fields() fields {
	return fields{o.at(), {"value", signed(&o.Value, -1000, 1000), "oom_score_adj"}}
}

func (o *Hostname) fields() fields {
	return fields{o.at(), {"name", text(&o.Name, 1, 64), "host name"}}
}

func (o *Domainname) fields() fields {
	return fields{o.at(), {"name", text(&o.Name, 1, 64), "domain name"}}
}

func (o *Loopback) fields() fields { return fields{o.at()} }

func (o *Keyring) fields() fields {
	return fields{o.at(), {"name", text(&o.Name, 1, MaxName), "the beginning of the keyring's description"}}
}

func (o *ConsoleOp) fields() fields {
	return fields{
		o.at(),
		{"width", unsigned(&o.Width, 0, math.MaxUint16), "columns; 0 with height 0: left alone"},
		{"height", unsigned(&o.Height, 0, math.MaxUint16), "rows"},
	}
}

func (o *Sysctl) fields() fields {
	return fields{
		o.at(),
		{"key", text(&o.Key, 1, MaxName), "dotted key"},
		{"value", text(&o.Value, 0, MaxText), "what is written"},
	}
}

func (o *ParentHooks) fields() fields { return fields{o.at()} }

func (o *Hook) fields() fields {
	return fields{
		o.at(),
		{"point", text(&o.Point, 1, MaxName), "createContainer or startContainer"},
		{"index", unsigned(&o.Index, 0, MaxElements), "its index at that point"},
		{"path", text(&o.Path, 1, MaxPath), "absolute path, in the runtime namespace for createContainer, in the container for startContainer"},
		{"arguments", texts(&o.Arguments, 1024, MaxArgument), "argv"},
		{"environment", texts(&o.Environment, 1024, MaxArgument), "envp"},
		{"state", binaryData(&o.State, 0, 128<<10), "the container state as JSON, for standard input"},
		{"milliseconds", unsigned(&o.Milliseconds, 0, math.MaxUint32), "timeout; 0: none"},
	}
}

func (o *Enter) fields() fields { return fields{o.at()} }

func (o *Arguments) fields() fields {
	return fields{o.at(), {"values", texts(&o.Values, MaxElements, MaxArgument), "strings"}}
}

func (o *Environment) fields() fields {
	return fields{o.at(), {"values", texts(&o.Values, MaxElements, MaxArgument), "KEY=VALUE strings"}}
}

func (o *Execute) fields() fields {
	return fields{
		o.at(),
		{"directory", text(&o.Directory, 1, MaxPath), "working directory, absolute"},
		{"uid", unsigned(&o.UID, 0, math.MaxUint32-1), "user"},
		{"gid", unsigned(&o.GID, 0, math.MaxUint32-1), "group"},
		{"groups", list(&o.Groups, 0, MaxGroups, group), "supplementary groups"},
		{"sets_groups", boolean(&o.SetsGroups), "false: setgroups(2) is left out, since a user namespace denies it"},
		{"umask", unsigned(&o.Umask, 0, 0o777), "file mode creation mask"},
		{"no_new_privs", boolean(&o.NoNewPrivs), "set no_new_privs"},
		{"bounding", capabilities(&o.Bounding), "capability bounding set; bit n is capability n"},
		{"effective", capabilities(&o.Effective), "effective set"},
		{"permitted", capabilities(&o.Permitted), "permitted set"},
		{"inheritable", capabilities(&o.Inheritable), "inheritable set"},
		{"ambient", capabilities(&o.Ambient), "ambient set"},
		{"filter", binaryData(&o.Filter, 0, MaxFilter), "seccomp filter, array of struct sock_filter in the machine's byte order; empty: none"},
		{"filter_flags", unsigned(&o.FilterFlags, 0, math.MaxUint32), "SECCOMP_FILTER_FLAG_*"},
		{"preserved_fds", unsigned(&o.PreservedFDs, 0, 1024), "descriptors from 3 on that the program keeps"},
	}
}

func group(to *uint32) value        { return unsigned(to, 0, math.MaxUint32-1) }
func capabilities(to *uint64) value { return unsigned(to, 0, math.MaxUint64) }
