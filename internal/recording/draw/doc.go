// Package draw draws a recording for a terminal: the parent's states on the left,
// the child's on the right, the frames as arrows between them, and what took
// longest beneath.
package draw
