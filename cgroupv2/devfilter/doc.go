// Package devfilter turns the device rules of an OCI config (linux.resources.devices)
// into an eBPF program and attaches it to a container's cgroup.
//
// [Compile] is pure. A [Program] is the compiled rules in the kernel: it is loaded
// early, attached to the cgroup, and confirmed by [Program.Commit] at the moment when
// limits are committed. Between the two, hooks may have rewritten what is attached, as
// a GPU's hook does to add its devices: Commit keeps what it finds. [Update] exchanges
// the program of a running container without a moment in which none, or both, decide.
//
// # Meaning of the rules
//
// A request asks for one device (a type, a major and a minor number) and for one or
// more of read, write and mknod. Each of these is decided by itself, by the last rule
// that matches the device and names this access; without such a rule it is denied. The
// request is allowed when everything it asks for is. So a rule that denies writing
// denies opening for reading and writing too, whatever was allowed before: a rule that
// must match the request as a whole would let that pass.
//
// Sources: the sections "Allowed Device list" and "Default Devices" of
// config-linux.md; "Device controller" of the kernel's cgroup-v2.rst; bpf(2).
package devfilter
