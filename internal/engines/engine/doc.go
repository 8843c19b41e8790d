// Package engine is shared by the tests of container engines: commands and their outcomes,
// daemons, terminals, and an image made from busybox.
//
// The tests run in the guest that go run ./internal/engines boots, where they may do
// anything to the machine. The runtime is at [Runtime] there, the path in the engines'
// configuration files.
package engine
