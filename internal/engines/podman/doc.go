// Package podman contains the tests that run Podman with this runtime, as root and as an
// ordinary user, in the guest that go run ./internal/engines podman boots.
package podman
