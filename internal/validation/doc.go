// Command validation runs the OCI runtime-tools' validation programs against
// fsrun, in the guest of internal/vm:
//
//	go run ./internal/validation [-run REGEXP] [-v]
//
// It builds fsrun, itself and the programs, whose module and version stand in
// suite/go.mod: a module of its own, so that fsrun's requires nothing of it. In the
// guest each program is run with fsrun as its RUNTIME, and its output read (the
// Test Anything Protocol, version 13).
//
// excluded.txt lists the cases that cannot pass, with the reason and with the tests
// of ours that show instead what they were to show. An excluded case that passes
// fails the run: the list stays true.
package main
