// Command bench compares fsrun's speed with that of other container runtimes.
//
// The peers are the runtimes that it finds, and a C program that does nothing but ask the
// kernel for the same container: the floor, which no runtime can beat. All of them start
// the same bundle in turns. In a round, each does the same thing once, and the order
// rotates, so that whatever else the machine does affects all alike. A ratio is the median
// of the ratios of the rounds, with its 95 % confidence interval if there are six rounds or
// more.
//
// Two times are measured: wall time, from before the command is started until it has been
// reaped; and CPU time, user and system, of the command and of all processes that it waits
// for or leaves behind. Everything runs in a mount namespace of its own with a pure cgroup
// v2 tree.
package main
