// Package docker contains the tests that run Docker with this runtime, in the guest that go
// run ./internal/engines docker boots.
package docker
