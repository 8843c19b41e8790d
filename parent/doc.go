// Package parent is the side of the handshake with the host's privileges: it creates,
// starts, joins, signals and deletes containers. It is the library behind the command,
// without flags, output or exit codes.
//
// A handshake is driven by the table in parent/machine; this package performs the effects
// that the table names, with a file for each. Whatever can be refused without touching
// anything is refused before the first effect: see prepare.
package parent
