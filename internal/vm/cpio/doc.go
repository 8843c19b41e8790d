// Package cpio writes the "newc" archives that the Linux kernel unpacks as its
// initial root file system.
//
// The format is the one of Documentation/driver-api/early-userspace/buffer-format.rst
// in the kernel tree: an ASCII header of hexadecimal fields, the name, the
// body, each padded to four bytes, and an entry named TRAILER!!! at the end.
//
// [Writer] writes single entries in the order given; [Tree] collects a file
// system, adds the directories that its files need and writes it sorted, so
// that equal trees give equal bytes.
package cpio
