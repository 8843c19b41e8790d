// Package engine is what the tests of container engines stand on: commands with
// their outcome, daemons, terminals, and an image made of busybox.
//
// The tests run in the guest that go run ./internal/engines boots, where they may
// do with the whole machine as they like. The runtime is at [Runtime] there, the
// path that the engines' configuration files name.
package engine
