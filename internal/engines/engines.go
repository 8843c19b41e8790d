package main

import "slices"

// engine is a row of what can be tested.
type engine struct {
	name string
	// room is the package with the tests, below this one.
	room string
	// run selects tests of the room; empty is all.
	run string
	// packages are the Debian packages that the guest needs, the engine's own first.
	packages []string
	systemd  bool
	// tools is the directory, in the room, of a module whose tools the guest needs
	// and Debian has no packages of; empty is none.
	tools string
}

// engines are tested in this order.
var engines = []engine{
	{name: "containerd", room: "containerd", packages: []string{"containerd", "runc"}},
	{name: "kubernetes", room: "kubernetes", packages: []string{"containerd", "containernetworking-plugins", "runc"}, systemd: true, tools: "crictl"},
	{name: "crio", room: "crio", packages: []string{"conmon"}},
	{name: "docker", room: "docker", packages: dockerPackages},
	{name: "docker-systemd", room: "docker", packages: dockerPackages, systemd: true},
	{name: "podman", room: "podman", packages: podmanPackages},
	{name: "podman-systemd", room: "podman", packages: append(podmanPackages[:len(podmanPackages):len(podmanPackages)], "dbus-user-session", "libpam-systemd"), systemd: true},
}

var (
	dockerPackages = []string{"docker.io", "iptables", "apparmor", "procps", "runc"}
	podmanPackages = []string{"podman", "crun", "uidmap", "slirp4netns", "fuse-overlayfs", "catatonit", "netavark", "aardvark-dns", "iptables"}
)

// names are those of all engines.
func names() []string {
	var names []string
	for _, engine := range engines {
		names = append(names, engine.name)
	}
	return names
}

// choose returns the engines of these names; all is every one.
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
