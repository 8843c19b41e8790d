// Package conformance is a kit that tests implementations of the handshake (SPEC.md) from
// outside. It plays the parent against any child, or the child against any parent, and
// reports a result for each numbered requirement of SPEC.md.
//
// A case is a story, with a line for each thing that one side does:
//
//	# A plan without an end is refused.
//	proves M-PLAN-1
//	parent Hello
//	child  Welcome
//	parent Plan arguments
//	child  Fault malformed
//	child  ends
//
// The kit does what the lines of its own side say, and checks that the other side, the
// subject, does the rest. Hand-written stories are in testdata/conformance; Matrix makes one
// for every state and kind; Deviations makes those in which one thing goes wrong.
//
// The kit shares the codec of package protocol with fsrun, and nothing else: it does not use
// the tables, and what each state accepts is written in it by hand.
package conformance
