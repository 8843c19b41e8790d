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

	// maxAttached bounds a query: the kernel's own BPF_CGROUP_MAX_PROGS.
	maxAttached = 64
)

// Attached is a device program that stands on a cgroup.
type Attached struct {
	ID   uint32
	Tag  string // hash of its instructions; empty when the kernel does not let us look
	Name string
}

// Standing is what decides about a cgroup's devices: every program must allow.
type Standing struct {
	Programs []Attached
	// Own is the id of the program that has the container's rules: ours, or the one
	// that a hook has put in its place. Others may stand before it.
	Own uint32
	// Rewritten: a hook put another program in the place of ours, and it was kept.
	Rewritten bool
}

// Program is a loaded device program. It belongs to one cgroup at most, and is not
// safe for concurrent use.
type Program struct {
	fd       int
	id       uint32
	tag      string
	attached bool
	// before are the programs that stood when ours was attached.
	before []Attached
}

// Load hands the program to the kernel, whose verifier judges it. The error is a
// [*LoadError]. Close the Program in any case: an attached program stays with the
// cgroup, until the cgroup is deleted.
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

// ID returns the kernel's id of the program.
func (p *Program) ID() uint32 { return p.id }

// Close gives the descriptor back. Closing twice is no error.
func (p *Program) Close() {
	const closed = -1
	if p.fd != closed {
		unix.Close(p.fd)
		p.fd = closed
	}
}

// Attach puts the program on the cgroup whose directory is open as cgroup, beside what
// is there already. Where the bundle has prestart or createRuntime hooks it must be
// called before them: a hook that finds no program attaches one of its own, holding its
// own devices only, and a second program beside that one would deny them.
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

// Commit makes sure that device rules stand on the cgroup and returns what stands. A
// program that was not attached yet is attached. One that was is looked for: when a
// hook has put another in its place, that one is kept; when nothing is in its place,
// it is attached again, so that a hook cannot leave the container without rules.
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

// look queries the cgroup. It was rewritten when ours is gone and one is there that
// was not before.
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

// Query returns the device programs that are attached to the cgroup itself, in the
// order in which they are run. Those of the groups above decide too.
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

// describe looks a program up. Opening a program by its id takes CAP_SYS_ADMIN; without
// it the id alone is known.
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
