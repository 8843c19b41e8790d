// Vm boots a Linux kernel in QEMU and runs the module's go test binaries in it. The guest
// has a pure cgroup v2 tree with every controller, whatever the host is like.
//
//	go run ./internal/vm [flags] PACKAGE...     run the packages' tests
//	go run ./internal/vm [flags] -- COMMAND...  run one command
//	go run ./internal/vm -shell [flags]         open a shell
//
// Nothing has to be prepared: the kernel, busybox and the newuidmap programs are fetched
// from Debian's archive into the user's cache directory, and QEMU is installed if it is
// missing (as root). The guest's whole file system is in memory and is gone when it powers
// off.
//
// With -debian or -systemd the root is instead a Debian system on a disk, with the requested
// packages installed by apt, and with the kernel's modules where modprobe finds them. The
// disk is made once, with mmdebstrap as root, and kept in the cache; what a guest writes to
// it is dropped. With -systemd process 1 is systemd, and the tests or the command run in a
// delegated unit:
//
//	go run ./internal/vm -debian podman,crun -- podman info
//	go run ./internal/vm -systemd ./cgroupv2
//
// Tests find FSRUN_GUEST=1 in their environment and run in their package's directory, with
// its testdata and the module's own testdata around it. A package fails if one of its tests
// is skipped in the guest, unless the skip's message begins with "native only: ": the guest
// exists to run the tests that cannot run elsewhere.
//
// The exit status is 0 if at least one test ran and all passed, 1 if not, and 2 if the guest
// could not be used; with a command, it is the command's own.
package main
