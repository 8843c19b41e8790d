// Package kubernetes holds the tests that speak containerd's CRI, the interface by
// which a kubelet asks for pods, in the guest that go run ./internal/engines
// kubernetes boots. Process 1 of the guest is systemd, as on nodes, and this
// runtime is the handler of a RuntimeClass beside containerd's own default.
//
// They speak it with crictl, of which Debian has no package: crictl/go.mod is a
// module of its own that names it, so that fsrun's requires nothing of it.
package kubernetes
