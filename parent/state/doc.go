// Package state keeps what the runtime knows about its containers in a
// directory, so that another process, or the next one after a crash, can go on.
//
// Each container has a directory named by its id, which holds:
//
//	intent      one JSON object a line, appended before each side effect, so
//	            that delete can undo what a killed creator left behind
//	state.json  the finished [Container], put in place by one atomic rename
//
// and whatever the start rendezvous puts there, or is [Handle.Keep]t for people. The directory itself is the
// lock: a [Handle] holds an exclusive flock on it, so locking writes nothing and
// works on a full disk. Reserving an id is one mkdir, which the kernel gives to
// exactly one caller.
//
// Nothing is synced: the directory belongs on a tmpfs, and a machine that lost
// power has lost its containers too. Against a killed process, and against a
// full disk, each file is either the old one or the new one; only the last line
// of an intent record may be torn, and it is ignored.
package state
