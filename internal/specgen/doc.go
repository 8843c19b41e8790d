// Command specgen writes the generated parts of SPEC.md: tables, diagrams and
// the handshake in hex. They come from the rows and constructors that drive the
// code, and a test fails when they differ.
//
//	go run ./internal/specgen          rewrite SPEC.md
//	go run ./internal/specgen -check   show what would change; exit 1 if anything
//
// What is hand-written stays so, above all the numbered MUSTs: they are the
// independent side, by which a wrong row is caught and not copied. The package's
// tests hold them together with the code: every MUST is cited by a test, and
// every citation names a MUST.
package main
