// Package resctrl puts containers into groups of the kernel's resctrl file system
// (Documentation/filesystems/resctrl.rst), which divide the processors' caches and
// memory bandwidth, as linux.intelRdt asks (config-linux.md, "IntelRdt").
//
// A group is a directory. The kernel fills it with files as soon as it is made: tasks
// takes the processes, schemata says what they share, and mon_groups holds the groups
// that only count.
package resctrl
