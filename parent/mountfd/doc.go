// Package mountfd opens what a child cannot open itself.
//
// [Answer] serves an OpenRequest. The request comes from the child and is not
// trusted: all that it can say is an index into the parent's own plan, and only
// the two kinds of operation that [Open] knows are served. What is opened is a
// detached mount of a bind's source, or the mount namespace of a process whose
// identity was verified.
//
// A source whose owners are to be mapped is mapped before the child gets it
// (mount_setattr(2), "ID-mapped mounts").
package mountfd
