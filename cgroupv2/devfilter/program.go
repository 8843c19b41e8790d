package devfilter

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

const (
	programName    = "fsrun_device"
	programLicense = "Apache"
	attachType     = unix.BPF_CGROUP_DEVICE

	// maxAttached bounds a query. It is the kernel's BPF_CGROUP_MAX_PROGS.
	maxAttached = 64
)

// Attached is a device program that is attached to a cgroup.
type Attached struct {
	ID   uint32
	Tag  string // hash of its instructions; empty if the kernel does not let us look
	Name string
}

// Standing says which programs decide about a cgroup's devices. Every one of them must
// allow an access.
type Standing struct {
	Programs []Attached
	// Own is the ID of the program with the container's rules: ours, or the one that a hook
	// has replaced it with. Others may be attached before it.
	Own uint32
	// Rewritten says that a hook has replaced our program, and that its replacement was
	// kept.
	Rewritten bool
}

// Program is a loaded device program for a single cgroup. It is not safe for concurrent
// use.
type Program struct {
	fd       int
	id       uint32
	tag      string
	attached bool
	// before lists the programs that were attached before ours.
	before []Attached
}

// Load loads the program into the kernel, whose verifier checks it. The error is a
// [*LoadError]. The Program must be closed in any case: once attached, it stays attached
// until the cgroup is deleted.
func Load(instructions Instructions) (*Program, error) {
	request := sys.BPFProgram{
		Type: unix.BPF_PROG_TYPE_CGROUP_DEVICE, AttachType: attachType,
		Name: programName, License: programLicense, Instructions: instructions.encode(),
	}
	fd, err := sys.BPFLoad(request)
	if err != nil {
		return nil, explainLoad(request, err)
	}
	info, err := sys.BPFDescribe(fd)
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("device program: describing it: %w", err)
	}
	return &Program{fd: fd, id: info.ID, tag: info.Tag}, nil
}

// ID returns the program's ID in the kernel.
func (p *Program) ID() uint32 { return p.id }

// Close closes the descriptor. Closing twice is no error.
func (p *Program) Close() {
	const closed = -1
	if p.fd != closed {
		unix.Close(p.fd)
		p.fd = closed
	}
}

// Attach attaches the program to a cgroup, given an open descriptor of its directory,
// beside the programs that are already there. If the bundle has prestart or createRuntime
// hooks, it must be called before they run: a hook that finds no program attaches one that
// knows only its own devices, and a second program beside that one would deny them.
func (p *Program) Attach(cgroup int) error {
	before, err := Query(cgroup)
	if err != nil {
		return err
	}
	if err := sys.BPFAttach(cgroup, p.fd, attachType, unix.BPF_F_ALLOW_MULTI, 0); err != nil {
		return explainAttach(err)
	}
	p.attached, p.before = true, before
	return nil
}

// Commit makes sure that device rules are attached to the cgroup and returns which. It
// attaches a program that is not attached yet. If a hook has replaced it, Commit keeps the
// replacement; if it is gone without a replacement, Commit attaches it again, so that no
// hook can leave the container without rules.
func (p *Program) Commit(cgroup int) (Standing, error) {
	if !p.attached {
		if err := p.Attach(cgroup); err != nil {
			return Standing{}, err
		}
	}
	standing, err := p.look(cgroup)
	if err != nil {
		return Standing{}, err
	}
	if standing.has(p.id) || standing.Rewritten {
		return standing, nil
	}
	if err := p.Attach(cgroup); err != nil {
		return Standing{}, err
	}
	return p.look(cgroup)
}

// look queries the cgroup. Our program has been rewritten if it is gone and there is one
// that was not there before.
func (p *Program) look(cgroup int) (Standing, error) {
	programs, err := Query(cgroup)
	if err != nil {
		return Standing{}, err
	}
	standing := Standing{Programs: programs}
	before := Standing{Programs: p.before}
	if standing.has(p.id) {
		standing.Own = p.id
		return standing, nil
	}
	added := slices.IndexFunc(programs, func(a Attached) bool { return !before.has(a.ID) })
	if standing.Rewritten = added >= 0; standing.Rewritten {
		standing.Own = programs[added].ID
	}
	return standing, nil
}

func (s Standing) has(id uint32) bool {
	return slices.ContainsFunc(s.Programs, func(a Attached) bool { return a.ID == id })
}

// Query returns the device programs attached to the cgroup itself, in the order in which
// they run. Those of the groups above it decide too.
func Query(cgroup int) ([]Attached, error) {
	var ids [maxAttached]uint32
	n, err := sys.BPFQuery(cgroup, attachType, ids[:])
	if err != nil {
		return nil, fmt.Errorf("device program: asking what is attached: %w", err)
	}
	programs := make([]Attached, 0, n)
	for _, id := range ids[:n] {
		program, err := describe(id)
		if err != nil {
			return nil, err
		}
		programs = append(programs, program)
	}
	return programs, nil
}

// describe looks up a program. Opening one by its ID takes CAP_SYS_ADMIN; without that,
// only the ID is known.
func describe(id uint32) (Attached, error) {
	fd, err := sys.BPFOpen(id)
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.ENOENT):
		return Attached{ID: id}, nil
	case err != nil:
		return Attached{}, fmt.Errorf("device program %d: opening it: %w", id, err)
	}
	defer unix.Close(fd)
	info, err := sys.BPFDescribe(fd)
	if err != nil {
		return Attached{}, fmt.Errorf("device program %d: describing it: %w", id, err)
	}
	return Attached{ID: id, Tag: info.Tag, Name: info.Name}, nil
}
