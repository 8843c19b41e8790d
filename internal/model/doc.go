// Package model explores the handshake exhaustively: the parent's table, the
// child's table, the channel between them and all that can go wrong. The tables
// are the very ones that drive the runtime. What must never happen is written
// by hand, in properties.go; what an effect does to the world is written by hand,
// too, from SPEC.md and not from the runner, in parent.go and child.go.
//
// A world is one state of everything: where both machines stand, the frames that
// are under way, what is held of the machine's resources, and what has come to
// pass. From each world every possible move is made: a frame is sent or
// received, an effect has one of its outcomes or a part of it is done, a deadline
// passes, a side is killed or hangs, a frame is damaged, a caller starts or
// deletes what was created. Explore visits every world that can be reached.
//
// What bounds it: a queue holds up to Capacity frames in either direction (0:
// a frame is handed over or not sent), a plan needs the parent up to twice for
// descriptors, once for a console and once for hooks, a created container is
// started by up to two callers, and not both hang.
package model
