// Package child is the side of the handshake that lives inside the new namespaces. It is
// the runtime itself, re-executed: it prepares the container and then becomes the
// user-specified program.
//
// The table in child/machine drives it. Up to Ready it is an ordinary Go program that stays
// on its main thread; from there on package handoff takes over.
package child
