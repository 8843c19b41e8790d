// Package crio contains the tests that ask this runtime for what CRI-O asks, in the guest
// that go run ./internal/engines crio boots. Debian has no package for CRI-O, but one for
// conmon, the program through which CRI-O creates containers and executes processes in
// them. The tests use conmon as CRI-O does. What CRI-O asks the runtime for directly, they
// ask directly.
package crio
