// Package preflight checks, before anything is done, what the machine supports and whether
// a bundle will find what it names. It does not create or change anything.
//
// A [Check] that does not hold says why, and what to do about it. What cannot be determined
// without actually doing it is [Unknown].
package preflight
