// Package bundle turns a bundle's config.json into a validated [specs.Spec].
//
// Three steps, each usable alone:
//
//   - reading: [Load], [ParseSpec], [ParseProcess] and [ParseResources] decode
//     JSON strictly and within bounds (package strictjson). Unknown properties
//     are ignored, as the OCI runtime specification demands, and reported by
//     [Bundle.Warnings].
//   - validating: [Validate] and [ValidateProcess] walk a table of rules in a
//     fixed order and return the first violation as an [Error] that names the
//     JSON path, what stands there and what is allowed. Resources are
//     judged by package cgroupv2, seccomp profiles by package seccomp.
//   - refusing: [Unsupported] lists the properties that ask for something this
//     runtime does not do yet. Each is refused by name when it is set, because a
//     protection that was asked for must never be skipped in silence.
//
// What the specification wants logged rather than refused, such as unknown
// capability names, is reported by [Warnings].
//
// The vocabularies of config.json live here too, one file each: capabilities,
// rlimits, namespaces, mount options, sysctl names.
package bundle
