// Package recording is the flight recorder of the handshake: what both machines did, and
// when.
//
// A [Recorder] observes one walk of the parent's machine. It sees the parent's rows and the
// frames in both directions. What the child did up to Ready is reported in that frame
// (SPEC.md, "What Ready tells"). After that the child keeps no record, but its rows can be
// inferred from the frames: see [Recording.Completed].
//
// A [Recording] is bounded, and redacted when it is made. It contains no contents of
// frames, no arguments and no environment, only the names of operations and what tells
// where and why a Fault happened.
//
// As a file it is JSON. One that is written for people is also a trace in the Trace Event
// Format, which https://ui.perfetto.dev and chrome://tracing open; the recordings are read
// back from its property "fsrun".
package recording
