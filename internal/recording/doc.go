// Package recording is the flight recorder of the handshake: what both machines
// did, and when.
//
// A [Recorder] watches one walk of the parent's machine by its observer. It sees
// the parent's rows and the frames of both directions; what the child did up to
// Ready it is told in that frame (SPEC.md, "What Ready tells"). From then on the
// child remembers nothing, and its rows follow from the frames: see
// [Recording.Completed].
//
// A [Recording] is bounded, and redacted when it is made: it holds no content of
// a frame, no argument and no environment, but the names of operations, and of a
// Fault what tells where and why.
//
// As a file it is JSON. One that is written for people is also a trace in the
// Trace Event Format, which https://ui.perfetto.dev and chrome://tracing open;
// the same file is read back from its property "fsrun".
package recording
