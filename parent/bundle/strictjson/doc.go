// Package strictjson reads JSON documents that decide how much power a program gets, so that
// nothing in them is guessed.
//
// It differs from encoding/json where leniency or cost matters:
//
//   - every error names the place as a path (linux.mounts[3].options[0]), what was found
//     there and what is allowed;
//   - duplicate names, trailing data, NUL characters, invalid UTF-8 and lone surrogates are
//     refused rather than repaired;
//   - names are compared exactly (RFC 8259); an unknown name is ignored and reported, but
//     one that differs from a known name only in case is refused, because some readers
//     would honour it and others would not;
//   - depth, the number of values and the number of objects are bounded, so that a small
//     document cannot cost a lot of memory;
//   - there is no reflection: a struct is a table of fields, laid out by the compiler, which
//     makes a process's first decode cheap.
//
// A null value means that the property is absent, as for the Go types of the OCI runtime
// specification. In a list or a map, null is refused.
package strictjson
