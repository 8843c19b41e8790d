// Engines runs container engines with this runtime, each with its Debian packages
// in a guest of its own:
//
//	go run ./internal/engines [flags] containerd|docker|podman|...|all
//
// An engine's tests are ordinary ones, in a package of the engine's name below
// this one. They configure it with the files of their testdata, which
// docs/engines.md shows, import an image of busybox, and look at what comes of it
// from outside and from inside. Every case is printed as it ends; the exit status
// is 0 when all cases of all engines passed, 1 when not, 2 when a guest could not
// be used.
//
// With -runtime another one takes this runtime's place, to tell its failures from
// the engine's own in the guest.
package main
