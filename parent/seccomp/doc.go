// Package seccomp compiles the linux.seccomp object of an OCI configuration into a classic BPF
// filter for seccomp(2). It is pure: nothing here makes a system call, and no C library is involved.
//
// # What a profile means
//
// Every system call of a process has a set of matching rules: the entries of
// linux.seccomp.syscalls that name it and whose argument conditions hold. Conditions on the same
// argument are alternatives, conditions on different arguments must all hold. Arguments are
// compared as the unsigned 64-bit values that the kernel presents; on a 32-bit ABI their upper half
// is zero. SCMP_CMP_MASKED_EQ holds when argument and valueTwo agree in the bits of value.
//
// When several rules match, the most restrictive action wins, in the order that seccomp(2) gives for
// stacked filters: kill process, kill thread, trap, errno, notify, trace, log, allow; between two
// rules of the same action the first in the profile wins. So the order of the entries does not
// matter otherwise, and adding a rule that denies never opens anything. A rule with the action of
// the default is no exception: it holds against more permissive rules for the same call. When no
// rule matches, the default action is taken.
//
// # Unknown calls
//
// Calls above the highest number that the profile names for an architecture fail with ENOSYS,
// unless the default action lets calls through (allow, log, trace): a C library that probes for a
// call newer than the profile must see it as absent to fall back to an older one. On an architecture
// where the profile names no call at all, the default action is all there is.
//
// Names that no architecture here knows are skipped and reported in Filter.Skipped, because engines
// ship one profile for kernels of every age. Everything else that is unknown (actions, operators,
// flags, architectures) is an error that names the JSON path.
//
// # Architectures
//
// The machine's own architecture is always part of the filter; linux.seccomp.architectures adds the
// other ABIs that the same processor runs: x32 and x86 beside x86_64, arm beside aarch64. Entries for
// other processors need no code, since no call can carry their mark. A call through an ABI that was
// not listed kills the process, whatever the default action: its numbers mean other calls, so no rule
// could be applied to it.
//
// x32 calls carry the audit architecture of x86_64 and bit 30 in the number, so both ABIs are
// regions of one number space. On x86 the socket and System V IPC calls exist twice, as calls of
// their own and behind the multiplexers socketcall and ipc: rules for a call extend to its
// multiplexed form, except that conditions cannot be tested there; see multiplex.go.
//
// # The shape of a filter
//
//	load the architecture, branch to its block or kill
//	block: load the number, binary search over ranges of numbers with the same decision
//	decision: return an action, or test arguments rule by rule, the most restrictive first
//
// Decisions that depend on the number alone never load anything else, so that the kernel can
// recognise allowed calls when the filter is loaded and skip running it for them
// (kernel/seccomp.c, the action cache of Linux 5.11).
//
// Tests prove the compiler against an evaluator that reads the profile directly, by running filters in
// an interpreter of classic BPF and in the kernel.
package seccomp
