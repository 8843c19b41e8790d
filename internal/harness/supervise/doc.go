// Package supervise decides on the system calls of a test's threads and of everything that
// they start: with a filter, like an old kernel or an outer runtime, or one by one
// (seccomp_unotify(2)).
package supervise
