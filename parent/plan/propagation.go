package plan

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
)

// sharesRoot says whether mounts are to show on the host: engines ask for it by a
// shared root, and mark with shared or rshared the volumes for which they mean it.
func (l *lowering) sharesRoot() bool {
	return bundle.RootfsPropagation(l.spec)&unix.MS_SHARED != 0 && !l.inUserNamespace()
}

// oldPropagation is for the tree that the child's namespace starts with. Unless
// mounts are to show on the host, none does, whatever happens there.
func (l *lowering) oldPropagation() uint32 {
	if l.sharesRoot() {
		return 0
	}
	return unix.MS_SLAVE | unix.MS_REC
}

// bindPropagation is a bind's propagation. Where the old tree is still shared with
// the host, a bind that does not ask to be must be cut off by itself, with all
// that is mounted below its source.
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

// propagationOrder is the order in which the child applies types of propagation.
var propagationOrder = []uint64{unix.MS_PRIVATE, unix.MS_UNBINDABLE, unix.MS_SLAVE, unix.MS_SHARED}

// onePropagation makes one set of flags of a mount's changes of propagation, which
// is possible if they come in the order in which the child applies them, and are
// recursive or not all of them alike.
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
