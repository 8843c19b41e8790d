// Package cli is a command line described by a table: commands, their flags, and texts for
// people. Parsing and help use the same table, so that they cannot differ.
//
// A flag may be anywhere, even after a command's operands, and global flags before or after
// the command: engines put them in all these places. But from the name of a program to run,
// everything belongs to that program.
//
// Flags are parsed by github.com/spf13/pflag. Every start of a container pays for the
// library twice, because the child is the same binary; CONTRIBUTING.md has the costs.
package cli
