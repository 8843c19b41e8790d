// Check is the one command that runs all tests.
//
//	go run ./internal/check [flags]
//
// It needs root on a Debian machine with Go, and installs what is missing. Every step runs,
// whether or not earlier ones failed. The last line counts test cases, or steps that have
// none.
//
// The steps are the rows of the table in steps.go; -list shows them. The table in rules.go
// says what packages may import; an ordinary test checks it too.
package main
