// Command validation runs the OCI runtime-tools' validation programs against fsrun, in the
// guest of internal/vm:
//
//	go run ./internal/validation [-run REGEXP] [-v]
//
// It builds fsrun, itself and the programs. The module with the programs, and its version,
// are in suite/go.mod, a separate module so that fsrun's own does not require it. In the
// guest, each program is run with fsrun as its RUNTIME, and its output parsed (Test Anything
// Protocol, version 13).
//
// excluded.txt lists the cases that cannot pass, with the reason, and with the tests of ours
// that show the same. If an excluded case passes, the run fails, so that the list stays
// true.
package main
