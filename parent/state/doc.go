// Package state stores what the runtime knows about its containers in a directory, so that
// another process, or the next one after a crash, can continue.
//
// Each container has a directory named after its ID, which contains:
//
//	intent      one JSON object per line, appended before each side effect, so
//	            that delete can undo what a killed creator left behind
//	state.json  the complete [Container], put in place by an atomic rename
//
// It also contains the socket for start, and files stored with [Handle.Keep]. The directory
// itself is the lock: a [Handle] holds an exclusive flock on it, so locking writes nothing
// and works on a full disk. Reserving an ID is a single mkdir, which succeeds for exactly
// one caller.
//
// Nothing is synced: the directory should be on a tmpfs, and a machine that lost power has
// lost its containers too. Even if a process is killed or the disk is full, each file is
// either the old one or the new one; only the last line of an intent record may be
// incomplete, and is then ignored.
package state
