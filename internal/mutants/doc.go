// Mutants removes guards from the code, one at a time, and checks that a test notices: a
// test for a vulnerability that cannot fail proves nothing.
//
// The source tree is not changed: the compiler is given the mutated files in place of the
// originals (go help build, -overlay). Each guard belongs to a class of vulnerabilities
// that container runtimes have had; docs/security.md describes the classes and what
// prevents them.
package main
