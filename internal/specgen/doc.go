// Command specgen writes the generated parts of SPEC.md: tables, diagrams and the handshake
// in hex. They come from the rows and constructors that drive the code; a test fails if they
// differ.
//
//	go run ./internal/specgen          rewrite SPEC.md
//	go run ./internal/specgen -check   show what would change; exit 1 if anything
//
// The rest is written by hand, above all the numbered MUSTs: they are independent, so that a
// wrong row is caught rather than copied. The tests of this package connect them with the
// code: every MUST is cited by a test, and every citation names a MUST.
package main
