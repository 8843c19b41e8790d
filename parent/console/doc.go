// Package console is what a parent does about a container's terminal and its
// standard input, output and error:
//
//   - [Send] hands the master of the container's pseudoterminal to the listener
//     of a console socket;
//   - [Foreground] relays between the caller's own terminal and that master;
//   - [Stdio] gives inherited descriptors to the program's user, who can then open
//     /dev/stdout again;
//   - [Descriptors] records what a process has as standard input, output and
//     error.
//
// The master itself is made by the child, which turns ONLCR off on it: a caller
// reads the bytes that the user-specified program wrote.
package console
