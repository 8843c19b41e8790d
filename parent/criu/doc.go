// Package criu has CRIU (https://criu.org), a program of its own, write the processes
// of a container to files, and bring them back. It knows nothing of containers but
// what CRIU wants to be told: processes, mounts, cgroups and descriptors.
package criu
