// Package containerd contains the tests that run containerd with this runtime, in the guest
// that go run ./internal/engines containerd boots.
package containerd
