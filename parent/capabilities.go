package parent

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
)

// grantable returns which capabilities a process in the container can be given: in a user
// namespace all of them, because its creator has them all; otherwise those in our own
// bounding set, which root regains at the child's execve(2). It warns about those that are
// missing.
func (h *Handshake) grantable(spec *specs.Spec, process *specs.Process) uint64 {
	if bundle.FindNamespace(spec, specs.UserNamespace) != nil {
		return 1<<64 - 1
	}
	sets, _ := bundle.ParseCapabilities(process.Capabilities)
	held := among(sets.Bounding | sets.Permitted)
	if lacking := sets.Limit(held); lacking != "" {
		h.warn("process.capabilities: ignoring what the runtime itself has not: " + lacking)
	}
	return held
}

// among returns the wanted capabilities that are in our bounding set.
func among(wanted uint64) uint64 {
	for number := range bundle.CapabilityNames {
		if wanted&(1<<number) == 0 {
			continue
		}
		if held, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(number), 0, 0, 0); err != nil || held == 0 {
			wanted &^= 1 << number
		}
	}
	return wanted
}
