// Package loopback brings up the loopback interface in the calling thread's network
// namespace.
//
// A new network namespace contains one interface, lo, which is down
// (network_namespaces(7)). Bringing it up is all that a child does about the network, so
// the two ioctls of netdevice(7) are enough: four system calls, and no netlink library in a
// binary that is started twice for each container. When lo goes up, the kernel gives it its
// addresses, 127.0.0.1/8 and ::1/128.
package loopback
