// Package crio holds the tests that ask this runtime for what CRI-O asks, in the
// guest that go run ./internal/engines crio boots. Debian has no package of CRI-O;
// it has conmon, the program through which CRI-O creates containers and executes
// processes in them, and the tests take CRI-O's place before it. What CRI-O asks the
// runtime for directly they ask directly.
package crio
