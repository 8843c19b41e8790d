// Package modules finds kernel modules in an unpacked kernel package and works
// out the order in which they must be loaded.
//
// A Debian package carries no modules.dep (depmod writes it on installation),
// so the dependencies are read from where depmod reads them: the "depends"
// entry of each module's .modinfo section.
package modules
