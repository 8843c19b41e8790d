// Package mountfd opens what a child cannot open itself.
//
// [Answer] serves an OpenRequest. The request comes from the child and is not trusted: it
// can only name indexes into the parent's own plan, and only the two kinds of operation
// that [Open] supports are served. The result is a detached mount of a bind's source, or
// the mount namespace of a process whose identity has been verified.
//
// If a source needs an ID mapping, it is mapped before the child receives it
// (mount_setattr(2), "ID-mapped mounts").
package mountfd
