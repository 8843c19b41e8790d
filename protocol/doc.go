// Package protocol defines what a parent and a child say to each other while
// they start a container: the kinds of frame, their fields, their encoding and
// the limits on all of it. SPEC.md is the normative text; the tables in it are
// printed from this package.
//
// A frame is one msgpack array of two elements, the kind and a map of fields.
// Encoding is canonical: a frame has exactly one byte sequence, so a decoder can
// compare instead of interpret, and two implementations cannot drift apart.
//
// Every frame lists its fields once, in the order in which they stand on the
// wire. Four things are done with that one list: scan (is this byte sequence
// acceptable? without allocating), decode, encode and describe (SPEC.md's
// tables). Package msgpack sees no byte that scan has not accepted.
//
// The package is pure: no system calls, no goroutines, no clock.
package protocol
