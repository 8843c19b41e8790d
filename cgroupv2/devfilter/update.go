package devfilter

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// RewrittenError says that the program to be replaced is not attached: a hook has put
// its own in its place, or the container had no rules and others are there. To replace
// theirs would take away their devices, and so would one beside theirs.
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

// Hint returns the remedy alone.
func (e *RewrittenError) Hint() string {
	return "leave linux.resources.devices out of the update, or recreate the container"
}

// Update replaces the program of the rules was, without instructions for a container
// that had no rules, by that of the rules now, in one act:
// there is no moment without rules, and none in which both decide. The program to
// replace is recognised by the hash of its instructions, so any process that knows the
// old rules can do it. When nothing is attached, the new program is attached. When
// others are, but not ours, the error is a [*RewrittenError].
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

// recognise returns the id of the program with these instructions, or 0. The hash is
// the kernel's affair, which has changed it before: it is asked for that of a program
// that is loaded to be compared, and forgotten.
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
