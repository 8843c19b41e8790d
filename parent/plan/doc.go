// Package plan lowers a validated specs.Spec to what the handshake carries out: namespaces
// for the clone, and an ordered list of operations for the child. It is pure; what it must
// know about the host is passed in as Facts.
package plan
