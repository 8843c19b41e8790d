package docker

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/internal/engines/engine"
	"github.com/fsrun/fsrun/internal/harness"
)

// image is the name of the image for all containers here.
const image = "box"

// driver makes cgroups, with what follows from that.
type driver struct {
	name string
	// parent is a value of --cgroup-parent, cgroup how a container's cgroup then begins.
	parent, cgroup string
	// left are patterns of what a deleted container must not leave behind.
	left []string
}

var (
	cgroupfs = driver{"cgroupfs", "/engines", "0::/engines/", []string{
		"/sys/fs/cgroup/docker/*/", "/run/docker/runtime-runc/moby/*", "/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/*",
	}}
	systemd = driver{"systemd", "engines.slice", "0::/engines.slice/docker-", []string{
		"/sys/fs/cgroup/system.slice/docker-*.scope", "/run/docker/runtime-runc/moby/*", "/run/containerd/io.containerd.runtime.v2.task/moby/*",
	}}
)

// used is the driver in this guest.
var used = cgroupfs

func TestMain(m *testing.M) { engine.Main(m, prepare) }

func prepare() error {
	if err := startDaemon(); err != nil {
		return err
	}
	const archive = "/tmp/image.tar"
	defer os.Remove(archive)
	if err := engine.Image(archive); err != nil {
		return err
	}
	if output, err := exec.Command("docker", "import", archive, image).CombinedOutput(); err != nil {
		return fmt.Errorf("docker import: %w: %s", err, output)
	}
	return nil
}

// startDaemon starts Docker's daemon; under systemd there is a service for it.
func startDaemon() error {
	file := "daemon.json"
	start := func(ask ...string) error {
		_, err := engine.StartDaemon(ask, "dockerd")
		return err
	}
	if harness.UnderSystemd() {
		used, file = systemd, "systemd/daemon.json"
		start = func(ask ...string) error { return engine.RestartService("docker", ask...) }
	}
	if err := engine.Configure(file, "/etc/docker/daemon.json"); err != nil {
		return err
	}
	return start("docker", "version")
}

// run runs a container to its end, without a network unless the options say otherwise:
// making one takes most of a container's time in the guest.
func run(t *testing.T, options []string, command ...string) string {
	t.Helper()
	return engine.Run(t, runCommand(options, command...)...)
}

func runCommand(options []string, command ...string) []string {
	arguments := []string{"docker", "run", "--rm"}
	if !hasOption(options, "--network") {
		arguments = append(arguments, "--network=none")
	}
	return append(append(append(arguments, options...), image), command...)
}

// start starts a container in the background and removes it with the test.
func start(t *testing.T, options []string, command ...string) (name string) {
	t.Helper()
	name = strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-"))
	if !hasOption(options, "--network") {
		options = append(options, "--network=none")
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s", engine.Try(t, "docker", "logs", name))
		}
		engine.Run(t, "docker", "rm", "--force", name)
	})
	arguments := append([]string{"docker", "run", "--detach", "--name", name}, options...)
	engine.Run(t, append(append(arguments, image), command...)...)
	return name
}

func inspect(t *testing.T, name, template string) string {
	t.Helper()
	return engine.Run(t, "docker", "inspect", "--format", template, name)
}

func hasOption(options []string, name string) bool {
	for _, option := range options {
		if option == name || strings.HasPrefix(option, name+"=") {
			return true
		}
	}
	return false
}
