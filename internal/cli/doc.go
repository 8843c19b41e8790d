// Package cli is a command line that is described by a table: commands, their
// flags, and words for people. Parsing and help come from that one table, so
// that they cannot differ.
//
// A flag may stand anywhere, behind a command's operands too, and global flags
// before or behind the command: engines put them in all these places. Only
// where a program follows, everything from its name on is the program's.
//
// Flags are parsed by github.com/spf13/pflag. A container's start pays for the
// library twice, as its init is the same binary; CONTRIBUTING.md has the costs.
package cli
