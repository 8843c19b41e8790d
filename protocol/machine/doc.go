// Package machine is how the tables of the two state machines are written and
// walked. A table is a slice of rows; parent/machine and child/machine hold one
// each. From the same rows come the running machine (on looplab/fsm), SPEC.md's
// tables and diagrams, the conformance scripts and the model.
//
// A machine is pure: a step names the next state, the frames to send and the
// effect to perform. Performing is the runner's business, and what an effect
// brings about comes back as an event. Drive is that loop, for both sides.
package machine
