// Package netdev moves network devices of the host into a container's network
// namespace (config-linux.md, "Network Devices"), by rtnetlink(7).
//
// The kernel keeps a device's own attributes over the move, such as its MTU and
// its hardware address, but takes it down and drops its addresses. So the
// addresses that are there to stay are read before and given back after it.
package netdev
