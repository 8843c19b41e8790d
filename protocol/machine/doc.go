// Package machine defines how the tables of the two state machines are written and walked.
// A table is a slice of rows; parent/machine and child/machine hold one each. The running
// machine (on looplab/fsm), SPEC.md's tables and diagrams, the conformance scripts and the
// model are all derived from the same rows.
//
// A machine is pure: a step returns the next state, the frames to send and the effect to
// perform. Performing it is up to the runner, and the outcome comes back as an event. Drive
// is that loop, for both sides.
package machine
