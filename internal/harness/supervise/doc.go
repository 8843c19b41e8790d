// Package supervise decides on system calls of a test's threads, and of all that
// they start: by a filter, as an old kernel or an outer runtime would, or one by
// one (seccomp_unotify(2)).
package supervise
