package devfilter

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// RewrittenError says that the program to be replaced is not attached: a hook has put its
// own in its place, or the container had no rules and there are others. Replacing those
// would take away their devices, and so would attaching another program beside them.
type RewrittenError struct {
	Attached []Attached
	None     bool // the container had no rules
}

func (e *RewrittenError) Error() string {
	var ids []string
	for _, a := range e.Attached {
		ids = append(ids, fmt.Sprintf("%d (%s)", a.ID, a.Name))
	}
	found, lost := "the device rules of this container were rewritten by a hook", "replaced without losing the hook's devices"
	if e.None {
		found, lost = "this container had no device rules, and others attached theirs", "given any without losing the devices of those"
	}
	return fmt.Sprintf("%s (attached now: %s), so that it cannot be %s; %s", found, strings.Join(ids, ", "), lost, e.Hint())
}

// Hint returns only the remedy.
func (e *RewrittenError) Hint() string {
	return "leave linux.resources.devices out of the update, or recreate the container"
}

// Update atomically replaces the program of the rules was with that of the rules now, so
// that there is no moment without rules, nor one in which both decide. For a container that
// had no rules, was has no instructions. The old program is recognized by the hash of its
// instructions, so any process that knows the old rules can replace it. If nothing is
// attached, the new program is attached. If there are other programs but not ours, the
// error is a [*RewrittenError].
func Update(cgroup int, was, now Instructions) (Standing, error) {
	attached, err := Query(cgroup)
	if err != nil {
		return Standing{}, err
	}
	replaced, err := recognise(attached, was)
	if err != nil {
		return Standing{}, err
	}
	program, err := Load(now)
	if err != nil {
		return Standing{}, err
	}
	defer program.Close()
	switch {
	case replaced != 0:
		err = program.replace(cgroup, replaced)
	case len(attached) == 0:
		err = program.Attach(cgroup)
	default:
		err = &RewrittenError{Attached: attached, None: len(was) == 0}
	}
	if err != nil {
		return Standing{}, err
	}
	programs, err := Query(cgroup)
	return Standing{Programs: programs, Own: program.id}, err
}

// recognise returns the ID of the attached program with these instructions, or 0. How the
// kernel computes the hash has changed before, so it is taken from a program that is loaded
// only to be compared.
func recognise(attached []Attached, instructions Instructions) (uint32, error) {
	if len(instructions) == 0 || !slices.ContainsFunc(attached, func(a Attached) bool { return a.Tag != "" }) {
		return 0, nil
	}
	program, err := Load(instructions)
	if err != nil {
		return 0, err
	}
	defer program.Close()
	for _, a := range attached {
		if a.Tag == program.tag {
			return a.ID, nil
		}
	}
	return 0, nil
}

func (p *Program) replace(cgroup int, id uint32) error {
	old, err := sys.BPFOpen(id)
	if err != nil {
		return fmt.Errorf("device program %d: opening it: %w", id, err)
	}
	defer unix.Close(old)
	err = sys.BPFAttach(cgroup, p.fd, attachType, unix.BPF_F_ALLOW_MULTI|unix.BPF_F_REPLACE, old)
	if errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("device program %d was replaced by another at the same moment: %w", id, err)
	}
	if err != nil {
		return explainAttach(err)
	}
	return nil
}
