// Package sys holds the system calls that golang.org/x/sys/unix lacks, and the
// ways of making them that the Go runtime must not notice. It is the only
// package that uses unsafe or assembly.
package sys
