package kubernetes

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fsrun/fsrun/internal/engines/engine"
)

const (
	// image is the image for all containers here, pause the one for the process that holds
	// a pod's namespaces; both are the same.
	image = "localhost/box:latest"
	pause = "localhost/pause:latest"

	// handler is named in testdata/runtimeclass.yaml.
	handler = "fsrun"

	// stateRoot is where the shim makes the runtime store its state.
	stateRoot = "/run/containerd/runc/k8s.io"

	// readyTime is how long it may take until the CRI lists the image.
	readyTime = time.Minute
)

// The CRI's NamespaceMode: whose namespace a container has.
const (
	podMode       = 0
	containerMode = 1
	nodeMode      = 2
)

func TestMain(m *testing.M) { engine.Main(m, prepare) }

func prepare() error {
	for name, place := range map[string]string{
		"config.toml":        "/etc/containerd/config.toml",
		"10-bridge.conflist": "/etc/cni/net.d/10-bridge.conflist",
		"crictl.yaml":        "/etc/crictl.yaml",
	} {
		if err := engine.Configure(name, place); err != nil {
			return err
		}
	}
	if err := engine.RestartService("containerd", "crictl", "info"); err != nil {
		return err
	}
	const layer, archive = "/tmp/layer.tar", "/tmp/image.tar"
	defer os.Remove(layer)
	defer os.Remove(archive)
	if err := engine.Image(layer); err != nil {
		return err
	}
	for _, name := range []string{image, pause} {
		if err := engine.ImageArchive(archive, layer, name, "sleep", "1000000"); err != nil {
			return err
		}
		if output, err := exec.Command("ctr", "--namespace=k8s.io", "images", "import", archive).CombinedOutput(); err != nil {
			return fmt.Errorf("ctr images import: %w: %s", err, output)
		}
	}
	// The CRI learns about an image a moment after it was imported.
	for deadline := time.Now().Add(readyTime); ; time.Sleep(time.Second) {
		output, err := exec.Command("crictl", "images").CombinedOutput()
		if strings.Contains(string(output), "localhost/box") && strings.Contains(string(output), "localhost/pause") {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("crictl images: %v: %s", err, output)
		}
	}
}

// object is a CRI message as JSON.
type object = map[string]any

// pod is a sandbox made by the test.
type pod struct {
	t          *testing.T
	id         string
	file       string // its configuration
	slice      string // the cgroup that a kubelet would name for it
	namespaces object
	number     int // how many containers were made
}

// startPod makes a pod as a kubelet does, with this security context, and removes it with
// the test. Its containers share its namespaces, except that a kubelet gives each a PID
// namespace of its own unless the Pod says otherwise.
func startPod(t *testing.T, security object) *pod {
	t.Helper()
	engine.Need(t)
	name := strings.ToLower(strings.TrimPrefix(t.Name(), "Test"))
	p := &pod{
		t:     t,
		slice: "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + name + ".slice",
	}
	context := with(security, "namespace_options", object{"pid": containerMode})
	p.namespaces = context["namespace_options"].(object)
	configuration := object{
		"metadata":      object{"name": name, "uid": name, "namespace": "default", "attempt": 1},
		"log_directory": t.TempDir(),
		"linux":         object{"cgroup_parent": p.slice, "security_context": context},
	}
	if p.namespaces["network"] != nodeMode {
		configuration["hostname"] = name
	}
	p.file = writeConfiguration(t, configuration)
	p.id = engine.Run(t, "crictl", "runp", "--runtime="+handler, p.file)
	t.Cleanup(func() { engine.Run(t, "crictl", "rmp", "--force", p.id) })
	return p
}

// with returns a copy of the object that has the field, with this value unless it already
// had one.
func with(o object, field string, value any) object {
	whole := object{field: value}
	maps.Copy(whole, o)
	return whole
}

// container is the container's part of the configuration.
type container struct {
	command  []string
	security object
	limits   object
	mounts   []object
}

// create makes a container in the pod and returns its ID.
func (p *pod) create(c container) string {
	p.t.Helper()
	p.number++
	linux := object{"security_context": with(c.security, "namespace_options", p.namespaces)}
	if c.limits != nil {
		linux["resources"] = c.limits
	}
	file := writeConfiguration(p.t, object{
		"metadata": object{"name": fmt.Sprintf("c%d", p.number)},
		"image":    object{"image": image},
		"command":  c.command,
		"envs":     []object{{"key": "GREETING", "value": "hello"}},
		"mounts":   c.mounts,
		"log_path": fmt.Sprintf("c%d.log", p.number),
		"linux":    linux,
	})
	return engine.Run(p.t, "crictl", "create", p.id, file, p.file)
}

// start creates a container and starts it.
func (p *pod) start(c container) string {
	p.t.Helper()
	id := p.create(c)
	engine.Run(p.t, "crictl", "start", id)
	return id
}

// sleeper starts a container that does nothing.
func (p *pod) sleeper() string {
	p.t.Helper()
	return p.start(container{command: []string{"sleep", "100000"}})
}

// run runs a container to its end and returns its output, and how the CRI describes its
// end.
func (p *pod) run(c container) (output, end string) {
	p.t.Helper()
	id := p.start(c)
	engine.Eventually(p.t, "the container has ended", func() bool { return state(p.t, id) == "CONTAINER_EXITED" })
	return engine.Run(p.t, "crictl", "logs", id), inspect(p.t, id, "{{.status.exitCode}} {{.status.reason}}")
}

// inside runs a shell script in a container.
func inside(t *testing.T, id, script string) string {
	t.Helper()
	return engine.Run(t, "crictl", "exec", "--sync", id, "sh", "-c", script)
}

func inspect(t *testing.T, id, template string) string {
	t.Helper()
	return engine.Run(t, "crictl", "inspect", "--output=go-template", "--template="+template, id)
}

func state(t *testing.T, id string) string { return inspect(t, id, "{{.status.state}}") }

func writeConfiguration(t *testing.T, value object) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.CreateTemp(t.TempDir(), "*.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(text); err != nil {
		t.Fatal(err)
	}
	return file.Name()
}

// group returns the directory of a container's cgroup.
func (p *pod) group(id string) string {
	return filepath.Join("/sys/fs/cgroup", p.slice, "cri-containerd-"+id+".scope")
}
