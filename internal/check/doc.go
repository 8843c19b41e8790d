// Check is the one command that runs all tests.
//
//	go run ./internal/check [flags]
//
// It runs on a Debian machine with Go and root and needs nothing else: what is
// missing is installed. Every step runs, whatever became of the ones before; the
// last line counts test cases, or steps where there are none.
//
// The steps are the rows of the table in steps.go; -list shows them. Who may
// import whom is the table in rules.go, checked by an ordinary test as well.
package main
