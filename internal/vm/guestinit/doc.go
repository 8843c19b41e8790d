// Guestinit is the init of the guest that internal/vm boots.
//
// As process 1 it leaves the initial root file system, in which pivot_root(2) does not
// work, for a tmpfs or the disk; mounts what a Linux system usually has mounted; loads the
// modules and runs the units of the [wire.Manifest]; and powers off. The units run in a
// second process, the worker, so that process 1 has nothing to do but reap orphans and
// report a worker that failed. If the manifest asks for systemd, that becomes process 1 and
// starts the worker.
package main
