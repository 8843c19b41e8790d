// Package loopback brings up the loopback interface of the calling thread's
// network namespace.
//
// A new network namespace holds one interface, lo, and it is down
// (network_namespaces(7)). Bringing it up is all that a child does about the
// network, so it is done with the two ioctls of netdevice(7): four system calls,
// and no netlink library in the binary that is started twice for each container.
// The kernel gives lo its addresses, 127.0.0.1/8 and ::1/128, by itself when it
// goes up.
package loopback
