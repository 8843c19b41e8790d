package crio

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/engines/engine"
)

const (
	// stateRoot is runtime_root in testdata/crio/10-fsrun.conf.
	stateRoot = "/run/fsrun"
	work      = "/run/containers"
	rootfs    = work + "/rootfs"
	exits     = work + "/exits" // where conmon writes how containers ended
	sockets   = work + "/sockets"
)

func TestMain(m *testing.M) { engine.Main(m, prepare) }

// prepare unpacks the image for all containers here.
func prepare() error {
	const archive = "/tmp/image.tar"
	defer os.Remove(archive)
	if err := engine.Image(archive); err != nil {
		return err
	}
	for _, directory := range []string{rootfs, exits, sockets} {
		if err := os.MkdirAll(directory, 0o755); err != nil {
			return err
		}
	}
	if output, err := exec.Command("tar", "-C", rootfs, "-x", "-f", archive).CombinedOutput(); err != nil {
		return fmt.Errorf("tar: %w: %s", err, output)
	}
	return nil
}

// container is a container that the test has asked conmon for.
type container struct {
	t         *testing.T
	id        string
	directory string // its bundle, and conmon's files about it
}

// edit modifies a configuration.
type edit func(*specs.Spec)

func arguments(words ...string) edit {
	return func(spec *specs.Spec) { spec.Process.Args = words }
}

// joined gives the container the pod's namespaces, by path, as CRI-O does.
func joined(pid string) edit {
	files := map[specs.LinuxNamespaceType]string{specs.NetworkNamespace: "net", specs.IPCNamespace: "ipc", specs.UTSNamespace: "uts"}
	return func(spec *specs.Spec) {
		spec.Hostname = "" // the pod's
		for index, namespace := range spec.Linux.Namespaces {
			if file, found := files[namespace.Type]; found {
				spec.Linux.Namespaces[index].Path = "/proc/" + pid + "/ns/" + file
			}
		}
	}
}

// prepared writes the container's bundle and cleans up at the end of the test.
func prepared(t *testing.T, name string, edits ...edit) *container {
	t.Helper()
	engine.Need(t)
	c := &container{t: t, id: t.Name() + "-" + name}
	c.directory = filepath.Join(work, c.id)
	if err := os.MkdirAll(c.directory, 0o755); err != nil {
		t.Fatal(err)
	}
	engine.Run(t, engine.Runtime, "spec", "--bundle="+c.directory)
	file := filepath.Join(c.directory, "config.json")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var spec specs.Spec
	if err := json.Unmarshal(text, &spec); err != nil {
		t.Fatal(err)
	}
	spec.Root = &specs.Root{Path: rootfs}
	spec.Process.Terminal = false
	spec.Process.Env = []string{"PATH=/bin"}
	spec.Linux.CgroupsPath = "/crio/" + c.id
	for _, edit := range edits {
		edit(&spec)
	}
	writeJSON(t, file, spec)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log holds:\n%s", c.log())
		}
		c.run("delete", "--force", c.id)
	})
	return c
}

// start creates the container through conmon and starts it.
func start(t *testing.T, name string, edits ...edit) *container {
	t.Helper()
	c := prepared(t, name, edits...)
	if told := c.create(); told.PID <= 0 {
		t.Fatalf("conmon created no container: %+v", told)
	}
	c.run("start", c.id)
	return c
}

// run runs a command of the runtime that must succeed and returns its output.
func (c *container) run(words ...string) string {
	c.t.Helper()
	return engine.Run(c.t, runtime(words...)...)
}

// runtime returns a command of the runtime as CRI-O writes it.
func runtime(words ...string) []string {
	return append([]string{engine.Runtime, "--root=" + stateRoot}, words...)
}

func (c *container) state() specs.State {
	c.t.Helper()
	var state specs.State
	if err := json.Unmarshal([]byte(c.run("state", c.id)), &state); err != nil {
		c.t.Fatal(err)
	}
	return state
}

func (c *container) pid() string { return fmt.Sprint(c.state().Pid) }

// log returns what the container has printed, without conmon's marks.
func (c *container) log() string { return readLog(filepath.Join(c.directory, "log")) }

// readLog reads a log of lines "TIME STREAM TAG TEXT".
func readLog(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if fields := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 4); len(fields) == 4 {
			lines = append(lines, fields[3])
		}
	}
	return strings.Join(lines, "\n")
}

func writeJSON(t *testing.T, file string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
}
