package plan

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/seccomp"
	"github.com/fsrun/fsrun/protocol"
)

// Facts is what the plan depends on besides the configuration: facts about the host and the
// caller.
type Facts struct {
	// Bundle is the bundle's absolute directory.
	Bundle string
	// ID is the container's id.
	ID string
	// State is the container's state as JSON, for hooks.
	State []byte
	// CgroupMount is where the cgroup2 tree is mounted, "" if nowhere.
	CgroupMount string
	// JoinsOwnCgroups: the cgroup namespace that the container joins by path is the
	// runtime's own.
	JoinsOwnCgroups bool
	// OpenFiles is the caller's soft RLIMIT_NOFILE.
	OpenFiles uint64
	// MaxOpenFiles is the caller's hard RLIMIT_NOFILE.
	MaxOpenFiles uint64
	// Stack is the caller's soft RLIMIT_STACK, in bytes.
	Stack uint64
	// Unprivileged: the parent has no more privileges than the child.
	Unprivileged bool
	// Confined: the parent, and therefore the child, is outside the initial user namespace.
	Confined bool
	// NoGroups: setgroups(2) is denied in the container's user namespace, as it is if an
	// unprivileged caller wrote its gid_map.
	NoGroups bool
	// Capabilities are those that the program can be given: in a user namespace all of
	// them, otherwise the runtime's own.
	Capabilities uint64
	// NoPivot moves the root instead of pivoting.
	NoPivot bool
	// NoNewKeyring keeps the caller's session keyring.
	NoNewKeyring bool
	// PreservedFDs is how many descriptors from 3 on the program keeps.
	PreservedFDs int
	// NotifyMount: the last mount is not from the configuration, but for the socket of
	// NOTIFY_SOCKET.
	NotifyMount bool
	// AppArmor and SELinux: the kernel has the module, and it is active.
	AppArmor, SELinux bool
}

// Namespace is a namespace to join by path.
type Namespace struct {
	Type uint64 // CLONE_NEW*
	Path string
	At   string // the JSON path
}

// Plan is a lowered configuration.
type Plan struct {
	Ops      []protocol.Op
	New      uint64 // CLONE_NEW* for the clone
	Join     []Namespace
	UserMaps bool // the parent writes the ID mappings of the new user namespace
	Filter   *seccomp.Filter
	// Agent is the path of the filter's agent's socket, "" if the filter sends no
	// notifications.
	Agent string
	// TimeOffsets is for the new time namespace, in the format of /proc/PID/timens_offsets;
	// "" for none.
	TimeOffsets string
	// Owners holds the ID mappings that the parent applies to sources before the child
	// receives them. The child does not know about them.
	Owners map[*protocol.Bind]*bundle.OwnerMapping
	// Early: hooks of the parent, and therefore the device program, come before Ready.
	Early bool
}

// lowering is the state of one call of Init or Exec.
type lowering struct {
	spec  *specs.Spec
	facts *Facts
	plan  *Plan
	// unsealed is the root of a tree of those in-memory file systems that are not yet
	// covered.
	unsealed place
}

// Init lowers a container's configuration. The operations are in the order that SPEC.md,
// "Operations", suggests.
func Init(spec *specs.Spec, facts *Facts) (*Plan, error) {
	l := &lowering{spec: spec, facts: facts, plan: &Plan{Owners: map[*protocol.Bind]*bundle.OwnerMapping{}}}
	if err := l.compileFilter(); err != nil {
		return nil, err
	}
	l.namespaces()
	l.identity()
	if err := l.checkMountLabel(); err != nil {
		return nil, err
	}
	if err := l.files(); err != nil {
		return nil, err
	}
	if err := l.createHooks(); err != nil {
		return nil, err
	}
	l.pivot()
	l.protections()
	if err := l.startHooks(); err != nil {
		return nil, err
	}
	return l.plan, l.process(spec.Process)
}

// Exec lowers a process that joins a container with the configuration spec.
func Exec(spec *specs.Spec, process *specs.Process, facts *Facts) (*Plan, error) {
	l := &lowering{spec: spec, facts: facts, plan: &Plan{}}
	if err := l.compileFilter(); err != nil {
		return nil, err
	}
	l.add(&protocol.Enter{Origin: at("process")})
	l.keyring()
	if process.Terminal {
		l.add(console(process))
	}
	return l.plan, l.process(process)
}

func (l *lowering) add(ops ...protocol.Op) { l.plan.Ops = append(l.plan.Ops, ops...) }

func (l *lowering) linux() *specs.Linux { return l.spec.Linux }

// has reports whether the container has a new namespace of the type.
func (l *lowering) has(kind specs.LinuxNamespaceType) bool {
	namespace := bundle.FindNamespace(l.spec, kind)
	return namespace != nil && namespace.Path == ""
}

// inUserNamespace reports whether the container is in another user namespace.
func (l *lowering) inUserNamespace() bool {
	return bundle.FindNamespace(l.spec, specs.UserNamespace) != nil
}

func at(path string) protocol.Origin { return protocol.Origin{At: path} }

// compileFilter compiles linux.seccomp.
func (l *lowering) compileFilter() (err error) {
	if l.linux() == nil || l.linux().Seccomp == nil {
		return nil
	}
	if l.plan.Filter, err = seccomp.Compile(l.linux().Seccomp); err != nil {
		return err
	}
	if l.plan.Filter.Handover != "" {
		l.plan.Agent = l.linux().Seccomp.ListenerPath
	}
	return nil
}

// namespaces divides linux.namespaces into new and joined ones.
func (l *lowering) namespaces() {
	for i, entry := range l.linux().Namespaces {
		namespace, _ := bundle.LookupNamespace(entry.Type)
		if entry.Path == "" {
			l.plan.New |= namespace.CloneFlag
			continue
		}
		l.plan.Join = append(l.plan.Join, Namespace{namespace.CloneFlag, entry.Path, index("linux.namespaces", i) + ".path"})
	}
	l.plan.UserMaps = l.plan.New&unix.CLONE_NEWUSER != 0
	l.plan.TimeOffsets = bundle.TimeOffsets(l.spec)
}
