// Package child is the side of the handshake that lives inside the new
// namespaces: the re-executed runtime, which prepares the container's world and
// then becomes the user-specified program.
//
// It is driven by the table in child/machine. Up to Ready it is an ordinary Go
// program on its main thread; from there on package handoff has it.
package child
