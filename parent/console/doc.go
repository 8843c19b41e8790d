// Package console handles a container's terminal and its standard input, output and error
// for the parent:
//
//   - [Send] sends the master of the container's pseudoterminal to a console socket;
//   - [Foreground] relays between the caller's own terminal and that master;
//   - [Stdio] gives inherited descriptors to the program's user, who can then reopen
//     /dev/stdout;
//   - [Descriptors] returns what a process has as standard input, output and error.
//
// The child makes the master and turns off ONLCR, so that a caller reads exactly the bytes
// that the user-specified program wrote.
package console
