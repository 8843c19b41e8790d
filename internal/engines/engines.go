package main

import "slices"

// engine is an engine to test.
type engine struct {
	name string
	// directory is the directory of the package with the tests, below this one.
	directory string
	// run selects tests in the package; empty means all.
	run string
	// packages are the Debian packages for the guest, the engine's own first.
	packages []string
	systemd  bool
	// tools is the directory, below directory, of a module with tools that the guest needs
	// and Debian has no packages for; empty means none.
	tools string
}

// engines are tested in this order.
var engines = []engine{
	{name: "containerd", directory: "containerd", packages: []string{"containerd", "runc"}},
	{name: "kubernetes", directory: "kubernetes", packages: []string{"containerd", "containernetworking-plugins", "runc"}, systemd: true, tools: "crictl"},
	{name: "crio", directory: "crio", packages: []string{"conmon"}},
	{name: "docker", directory: "docker", packages: dockerPackages},
	{name: "docker-systemd", directory: "docker", packages: dockerPackages, systemd: true},
	{name: "podman", directory: "podman", packages: podmanPackages},
	{name: "podman-systemd", directory: "podman", packages: append(podmanPackages[:len(podmanPackages):len(podmanPackages)], "dbus-user-session", "libpam-systemd"), systemd: true},
}

var (
	dockerPackages = []string{"docker.io", "iptables", "apparmor", "procps", "runc"}
	podmanPackages = []string{"podman", "crun", "uidmap", "slirp4netns", "fuse-overlayfs", "catatonit", "netavark", "aardvark-dns", "iptables"}
)

// names returns the names of all engines.
func names() []string {
	var names []string
	for _, engine := range engines {
		names = append(names, engine.name)
	}
	return names
}

// choose returns the engines with these names; all stands for every one.
func choose(wanted []string) (chosen []engine, unknown string) {
	for _, name := range wanted {
		if name == "all" {
			return engines, ""
		}
		index := slices.IndexFunc(engines, func(e engine) bool { return e.name == name })
		if index < 0 {
			return nil, name
		}
		chosen = append(chosen, engines[index])
	}
	return chosen, ""
}
