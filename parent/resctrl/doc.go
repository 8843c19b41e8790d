// Package resctrl puts containers into groups of the kernel's resctrl file system
// (Documentation/filesystems/resctrl.rst), which divide the processors' caches and memory
// bandwidth, as linux.intelRdt asks (config-linux.md, "IntelRdt").
//
// A group is a directory, in which the kernel creates the files: tasks holds the processes,
// schemata their shares, and mon_groups the groups that only monitor.
package resctrl
