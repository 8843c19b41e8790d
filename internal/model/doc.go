// Package model explores the handshake exhaustively: the parent's table, the child's table,
// the channel between them, and everything that can go wrong. The tables are the very ones
// that drive the runtime. What must never happen is written by hand in properties.go. What
// an effect does to the world is written by hand in parent.go and child.go, from SPEC.md
// rather than from the runner.
//
// A world is one state of everything: the states of both machines, the frames in transit,
// the resources that are held, and what has happened so far. From each world, every
// possible move is made: a frame is sent or received, an effect or a part of it is done, a
// deadline passes, a side is killed or hangs, a frame is damaged, a caller starts or
// deletes what was created. Explore visits every world that can be reached.
//
// The bounds are these: a queue holds up to Capacity frames in each direction (with 0, a
// frame is handed over or not sent); a plan needs descriptors from the parent up to twice,
// and a console and hooks once each; a created container is started by up to two callers;
// and the two sides do not both hang.
package model
