package plan

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
)

// sharesRoot reports whether mounts should appear on the host. Engines ask for that with a
// shared root, and mark the volumes that they mean with shared or rshared.
func (l *lowering) sharesRoot() bool {
	return bundle.RootfsPropagation(l.spec)&unix.MS_SHARED != 0 && !l.inUserNamespace()
}

// oldPropagation returns the propagation for the tree that the child's namespace starts
// with. Unless mounts should appear on the host, none does, whatever happens there.
func (l *lowering) oldPropagation() uint32 {
	if l.sharesRoot() {
		return 0
	}
	return unix.MS_SLAVE | unix.MS_REC
}

// bindPropagation returns a bind's propagation. If the old tree is still shared with the
// host, a bind that does not ask to be shared must be separated from it individually,
// including everything mounted below its source.
func (l *lowering) bindPropagation(options *bundle.MountOptions, asked uint32) uint32 {
	switch {
	case !l.sharesRoot() || asked&unix.MS_SHARED != 0:
		return asked
	case asked == 0:
		return unix.MS_SLAVE | unix.MS_REC
	case options.RecursiveBind:
		return asked | unix.MS_REC
	}
	return asked
}

// propagationOrder is the order in which the child applies propagation types.
var propagationOrder = []uint64{unix.MS_PRIVATE, unix.MS_UNBINDABLE, unix.MS_SLAVE, unix.MS_SHARED}

// onePropagation combines a mount's propagation changes into one set of flags. That is
// possible if they are in the order in which the child applies them, and if either all of
// them or none are recursive.
func onePropagation(place string, changes []uint64) (uint32, error) {
	var all uint64
	last := 0
	for _, change := range changes {
		rank := 0
		for propagationOrder[rank] != change&^unix.MS_REC {
			rank++
		}
		if all != 0 && (rank < last || all&unix.MS_REC != change&unix.MS_REC) {
			return 0, &bundle.Error{Path: place + ".options", Found: fmt.Sprintf("%d propagation types that contradict each other", len(changes)),
				Allowed: "one of shared, slave, private, unbindable or their recursive forms, or slave before shared"}
		}
		all, last = all|change, rank
	}
	return uint32(all), nil
}
