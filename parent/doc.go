// Package parent is the side of the handshake that has the host's powers: it
// creates, starts, joins, signals and deletes containers. It is the library
// behind the command, and has no flags, no output and no exit codes.
//
// A handshake is driven by the table in parent/machine; this package performs
// the effects that the table names, a file for each of them. All that can be
// refused without touching anything is refused before the first effect: see
// prepare.
package parent
