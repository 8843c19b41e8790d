// Package netdev moves network devices of the host into a container's network namespace
// (config-linux.md, "Network Devices") with rtnetlink(7).
//
// When a device is moved, the kernel keeps its own attributes, such as its MTU and hardware
// address, but sets it down and drops its addresses. So the lasting addresses are read
// before the move and restored after it.
package netdev
