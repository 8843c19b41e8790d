// Package sys contains the system calls that golang.org/x/sys/unix lacks, and ways to make
// system calls that the Go runtime must not notice. It is the only package that uses unsafe
// or assembly.
package sys
