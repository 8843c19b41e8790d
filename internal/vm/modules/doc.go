// Package modules finds kernel modules in an unpacked kernel package and determines the
// order in which they must be loaded.
//
// A Debian package does not contain modules.dep (depmod writes it on installation), so the
// dependencies are read from the same place as by depmod: the "depends" entry in each
// module's .modinfo section.
package modules
