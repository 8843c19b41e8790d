// Mutants takes guards out of the code, one at a time, and sees that a test
// notices: a test of a vulnerability that cannot fail proves nothing.
//
// Nothing in the tree is changed: the compiler is given the mutated files in
// place of the real ones (go help build, -overlay). Each guard belongs to a
// class of vulnerabilities that container runtimes have shipped with; the
// classes and what prevents them are told in docs/security.md.
package main
