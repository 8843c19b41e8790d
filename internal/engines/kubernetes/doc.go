// Package kubernetes contains the tests that use containerd's CRI, the interface through
// which a kubelet asks for pods, in the guest that go run ./internal/engines kubernetes
// boots. Process 1 of the guest is systemd, as on nodes, and this runtime is the handler of
// a RuntimeClass beside containerd's own default.
//
// They use crictl, for which Debian has no package. The separate module crictl/go.mod
// requires it, so that fsrun's own module does not.
package kubernetes
