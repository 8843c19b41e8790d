// Engines runs container engines with this runtime, each with its Debian packages in a guest
// of its own:
//
//	go run ./internal/engines [flags] containerd|docker|podman|...|all
//
// An engine's tests are ordinary ones, in a package named after the engine below this one.
// They configure it with the files in their testdata, which docs/engines.md shows, import an
// image of busybox, and check the results from outside and from inside. Every case is
// printed as it ends. The exit status is 0 if all cases of all engines passed, 1 if not, and
// 2 if a guest could not be used.
//
// With -runtime another runtime takes the place of this one, to find out whether a failure
// is the engine's own.
package main
