// Package bundle turns a bundle's config.json into a validated [specs.Spec].
//
// There are three steps, each usable alone:
//
//   - reading: [Load], [ParseSpec], [ParseProcess] and [ParseResources] decode JSON strictly
//     and within bounds (package strictjson). Unknown properties are ignored, as the OCI
//     runtime specification requires, and reported by [Bundle.Warnings].
//   - validating: [Validate] and [ValidateProcess] apply a table of rules in a fixed order
//     and return the first violation as an [Error] that names the JSON path, the value and
//     what is allowed. Packages cgroupv2 and seccomp validate resources and seccomp
//     profiles.
//   - refusing: [Unsupported] lists the properties that this runtime does not support yet.
//     Each is refused by name when it is set, because a protection that was asked for must
//     never be skipped silently.
//
// [Warnings] reports what the specification requires to be logged rather than refused, such
// as unknown capability names.
//
// The vocabularies of config.json are here too, one file each: capabilities, rlimits,
// namespaces, mount options, sysctl names.
package bundle
