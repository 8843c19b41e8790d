// Package draw draws a recording in a terminal: the parent's states on the left, the
// child's on the right, the frames as arrows between them, and below them what took
// longest.
package draw
