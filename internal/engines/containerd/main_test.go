package containerd

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/internal/engines/engine"
)

// image is the name of the image for all containers here.
const image = "localhost/box:latest"

func TestMain(m *testing.M) { engine.Main(m, prepare) }

func prepare() error {
	if err := engine.Configure("config.toml", "/etc/containerd/config.toml"); err != nil {
		return err
	}
	if _, err := engine.StartDaemon([]string{"ctr", "version"}, "containerd"); err != nil {
		return err
	}
	const layer, archive = "/tmp/layer.tar", "/tmp/image.tar"
	defer os.Remove(layer)
	defer os.Remove(archive)
	if err := engine.Image(layer); err != nil {
		return err
	}
	if err := engine.ImageArchive(archive, layer, image, "sleep", "1000"); err != nil {
		return err
	}
	if output, err := exec.Command("ctr", "images", "import", archive).CombinedOutput(); err != nil {
		return fmt.Errorf("ctr images import: %w: %s", err, output)
	}
	return nil
}

// runCommand returns ctr run with the shim's BinaryName set to the runtime.
func runCommand(options []string, name string, command ...string) []string {
	arguments := append([]string{"ctr", "run", "--runc-binary=" + engine.Runtime}, options...)
	return append(append(arguments, image, name), command...)
}

// run runs a container to its end and returns what it printed.
func run(t *testing.T, options []string, command ...string) string {
	t.Helper()
	return engine.Run(t, runCommand(append([]string{"--rm"}, options...), name(t), command...)...)
}

// start starts a container in the background and removes it with the test.
func start(t *testing.T, options []string, command ...string) string {
	t.Helper()
	id := name(t)
	t.Cleanup(func() {
		engine.Try(t, "ctr", "tasks", "kill", "--signal", "SIGKILL", id)
		engine.Eventually(t, "the task is deleted", func() bool {
			return engine.Try(t, "ctr", "tasks", "delete", "--force", id).Status == 0 || status(t, id) == ""
		})
		engine.Run(t, "ctr", "containers", "delete", id)
	})
	engine.Run(t, runCommand(append([]string{"--detach"}, options...), id, command...)...)
	return id
}

// count makes names unique, because a test may run several containers.
var count int

func name(t *testing.T) string {
	count++
	return fmt.Sprintf("%s-%d", strings.ReplaceAll(t.Name(), "/", "-"), count)
}
