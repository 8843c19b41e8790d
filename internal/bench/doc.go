// Command bench compares fsrun's speed with that of other container runtimes.
//
// The peers are those that it finds, and a C program that asks the kernel for
// the same container and does nothing else: the floor, below which no runtime
// can be. All of them start the same bundle, in turns: a round has each of them
// do the same thing once, in an order that rotates, so that what else the
// machine does meets all alike. A ratio is the median of those of the rounds,
// with its 95 % confidence interval where there are six rounds or more.
//
// Two times are taken: wall, from before the command is started until it has
// been reaped; and CPU, user and system, of the command and of all processes that
// it leaves behind or has waited for. Everything runs in a mount namespace of
// its own with a pure cgroup v2 tree.
package main
