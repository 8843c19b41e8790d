// Package criu uses CRIU (https://criu.org), a separate program, to write the processes of
// a container to files and to restore them. It knows nothing about containers except what
// CRIU wants to be told: processes, mounts, cgroups and descriptors.
package criu
