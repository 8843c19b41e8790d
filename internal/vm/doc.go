// Vm boots a Linux kernel in QEMU and runs the module's go test binaries in it:
// a machine with a pure cgroup v2 tree and every controller, whatever machine
// this is.
//
//	go run ./internal/vm [flags] PACKAGE...     run the packages' tests
//	go run ./internal/vm [flags] -- COMMAND...  run one command
//	go run ./internal/vm -shell [flags]         open a shell
//
// Nothing has to be prepared: the kernel, busybox and the newuidmap programs
// are fetched from Debian's archive into the user's cache directory and QEMU is
// installed when it is missing (as root). The guest's whole file system lives
// in memory and is gone when it powers off.
//
// With -debian or -systemd the root is a Debian system on a disk instead, with the
// packages asked for, installed as apt does it, and the kernel's modules where
// modprobe finds them. The disk is made once, with mmdebstrap as root, and kept in
// the cache; what a guest writes to it is dropped. With -systemd process 1 is
// systemd, and the tests or the command run in a delegated unit:
//
//	go run ./internal/vm -debian podman,crun -- podman info
//	go run ./internal/vm -systemd ./cgroupv2
//
// Tests find FSRUN_GUEST=1 in their environment and run in their package's
// directory, with its testdata and the module's own testdata around it. A
// package whose test is skipped in the guest fails, unless the skip's message
// begins with "native only: ": what the guest is there to show must be shown.
//
// The exit status is 0 when at least one test ran and all passed, 1 when not, 2
// when the guest could not be used; with a command, it is the command's own.
package main
