package kubernetes

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/internal/engines/engine"
)

func TestHandler(t *testing.T) {
	p := startPod(t, nil)
	id := p.sleeper()
	engine.Want(t, handler, "crictl", "inspectp", "--output=go-template", "--template={{.status.runtimeHandler}}", p.id)
	engine.Want(t, engine.Runtime, "crictl", "inspectp", "--output=go-template", "--template={{.info.runtimeOptions.binary_name}}", p.id)
	// This runtime runs both the pod's own process and the container.
	known := engine.Fields(t, engine.Runtime, "--root", stateRoot, "list", "--quiet")
	for _, wanted := range []string{p.id, id} {
		if !strings.Contains(strings.Join(known, " "), wanted) {
			t.Errorf("fsrun list shows %q, want %s too", known, wanted)
		}
	}
	if trace := engine.Run(t, engine.Runtime, "--root", stateRoot, "trace", id); !strings.Contains(trace, "Ready") {
		t.Errorf("fsrun trace shows %q, want the handshake", trace)
	}
	engine.Run(t, engine.Runtime, "--root", stateRoot, "inspect", id)
}

func TestUnknownHandler(t *testing.T) {
	engine.Need(t)
	file := writeConfiguration(t, object{"metadata": object{"name": "unknown", "uid": "unknown", "namespace": "default"}})
	engine.Fail(t, -1, []string{"no runtime for", "nonesuch", "is configured"}, "crictl", "runp", "--runtime=nonesuch", file)
}

// TestLifeOfAContainer does what a kubelet does with each container.
func TestLifeOfAContainer(t *testing.T) {
	p := startPod(t, nil)
	id := p.create(container{command: []string{"sh", "-c", "trap 'echo asked; exit 9' TERM; echo $GREETING; while :; do sleep 0.1; done"}})
	if got := state(t, id); got != "CONTAINER_CREATED" {
		t.Errorf("the state is %s, want CONTAINER_CREATED", got)
	}
	engine.Run(t, "crictl", "start", id)
	engine.Eventually(t, "the greeting is logged", func() bool { return engine.Run(t, "crictl", "logs", id) == "hello" })
	if got := state(t, id); got != "CONTAINER_RUNNING" {
		t.Errorf("the state is %s, want CONTAINER_RUNNING", got)
	}
	engine.Run(t, "crictl", "stop", "--timeout=60", id)
	if got := inspect(t, id, "{{.status.state}} {{.status.exitCode}}"); got != "CONTAINER_EXITED 9" {
		t.Errorf("the state is %s, want CONTAINER_EXITED 9: SIGTERM was sent", got)
	}
	engine.Want(t, "hello\nasked", "crictl", "logs", id)
	engine.Run(t, "crictl", "rm", id)
	if _, err := os.Stat(p.group(id)); !os.IsNotExist(err) {
		t.Errorf("the container's cgroup is there after rm: %v", err)
	}
	// A restart makes another container in the same pod.
	if got := inside(t, p.sleeper(), "echo $GREETING"); got != "hello" {
		t.Errorf("the second container says %q", got)
	}
}

func TestExec(t *testing.T) {
	p := startPod(t, nil)
	id := p.sleeper()
	if got := inside(t, id, "echo out"); got != "out" {
		t.Errorf("exec --sync printed %q, want out", got)
	}
	engine.Fail(t, -1, []string{"23"}, "crictl", "exec", "--sync", id, "sh", "-c", "exit 23")
	engine.Fail(t, -1, []string{"executable file not found", "nonesuch"}, "crictl", "exec", "--sync", id, "nonesuch")
	// A probe that takes too long is killed.
	engine.Fail(t, -1, []string{"timeout"}, "crictl", "exec", "--sync", "--timeout=2", id, "sleep", "1234")
	engine.Eventually(t, "the probe is gone", func() bool { return !strings.Contains(inside(t, id, "ps -o args"), "sleep 1234") })
	// kubectl exec streams.
	got := engine.TryWith(t, "text", "crictl", "exec", "--interactive", id, "cat")
	if got.Status != 0 || got.Output != "text" {
		t.Errorf("want text: %s", got)
	}
	terminal := engine.OpenTerminal(t, 33, 77, "crictl", "exec", "--interactive", "--tty", id, "sh", "-c",
		`tty; until [ "$(stty size)" = "33 77" ]; do sleep 0.1; done; echo sized; read line; echo "read $line"`)
	terminal.Expect("/dev/pts/")
	terminal.Expect("sized")
	terminal.Type("a line\n")
	terminal.Expect("read a line")
	if status := terminal.Status(); status != 0 {
		t.Errorf("crictl exec -it ended with %d", status)
	}
}

func TestSharedNamespaces(t *testing.T) {
	p := startPod(t, nil)
	const look = "for n in net ipc uts pid mnt; do readlink /proc/self/ns/$n; done; hostname"
	first := strings.Fields(inside(t, p.sleeper(), look))
	second := strings.Fields(inside(t, p.sleeper(), look))
	if len(first) != 6 || len(second) != 6 {
		t.Fatalf("the namespaces and names are %q and %q, want six each", first, second)
	}
	for index, kind := range []string{"net", "ipc", "uts"} {
		if first[index] != second[index] {
			t.Errorf("the %s namespaces are %s and %s, want one", kind, first[index], second[index])
		}
	}
	for index, kind := range []string{"pid", "mnt"} {
		if first[3+index] == second[3+index] {
			t.Errorf("the %s namespace is one, want two", kind)
		}
	}
	if first[5] != "sharednamespaces" || second[5] != first[5] {
		t.Errorf("the host names are %s and %s", first[5], second[5])
	}
}

// TestOneProcessNamespace tests a Pod with shareProcessNamespace.
func TestOneProcessNamespace(t *testing.T) {
	p := startPod(t, object{"namespace_options": object{"pid": podMode}})
	p.start(container{command: []string{"sleep", "4321"}})
	seen := inside(t, p.start(container{command: []string{"sleep", "1234"}}), "ps -o pid,args")
	if !strings.Contains(seen, "sleep 4321") || !strings.Contains(seen, "sleep 1234") || !strings.Contains(seen, "    1 sleep 1000000") {
		t.Errorf("a container sees\n%s\nwant both containers and the pod's own process as 1", seen)
	}
}

// TestHostNamespaces tests a Pod with hostNetwork, hostPID and hostIPC, like many of a
// node's own.
func TestHostNamespaces(t *testing.T) {
	p := startPod(t, object{"namespace_options": object{"network": nodeMode, "pid": nodeMode, "ipc": nodeMode}})
	id := p.sleeper()
	got := strings.Fields(inside(t, id, "for n in net pid ipc; do readlink /proc/self/ns/$n; done"))
	for index, kind := range []string{"net", "pid", "ipc"} {
		if want, err := os.Readlink("/proc/self/ns/" + kind); err != nil || got[index] != want {
			t.Errorf("the %s namespace is %s, want the host's %s (%v)", kind, got[index], want, err)
		}
	}
}

func TestNetwork(t *testing.T) {
	p := startPod(t, nil)
	p.start(container{command: []string{"sh", "-c", "echo served > /tmp/index.html; exec httpd -f -p 8080 -h /tmp"}})
	address := engine.Run(t, "crictl", "inspectp", "--output=go-template", "--template={{.status.network.ip}}", p.id)
	if !strings.HasPrefix(address, "10.88.0.") {
		t.Fatalf("the pod's address is %q, want one of 10.88.0.0/24", address)
	}
	engine.Eventually(t, "the node reads what the pod serves", func() bool {
		return engine.Try(t, "busybox", "wget", "-q", "-O", "-", "http://"+address+":8080/").Output == "served"
	})
}

// TestDaemonRestart: containerd may be updated while pods are running.
func TestDaemonRestart(t *testing.T) {
	p := startPod(t, nil)
	id := p.sleeper()
	if err := engine.RestartService("containerd", "crictl", "info"); err != nil {
		t.Fatal(err)
	}
	if got := state(t, id); got != "CONTAINER_RUNNING" {
		t.Errorf("the state is %s after the restart, want CONTAINER_RUNNING", got)
	}
	if got := inside(t, id, "echo alive"); got != "alive" {
		t.Errorf("exec printed %q", got)
	}
	engine.Run(t, "crictl", "stop", "--timeout=0", id)
	if got := inspect(t, id, "{{.status.exitCode}}"); got != "137" {
		t.Errorf("the exit code is %s, want 137", got)
	}
}

func TestStatistics(t *testing.T) {
	p := startPod(t, nil)
	id := p.sleeper()
	engine.Eventually(t, "the kubelet's figures are there", func() bool {
		var shown struct {
			Stats []struct {
				Memory struct {
					WorkingSetBytes struct{ Value string }
				}
				CPU struct {
					UsageCoreNanoSeconds struct{ Value string }
				}
			}
		}
		text := engine.Run(t, "crictl", "stats", "--output=json", "--id="+id)
		if err := json.Unmarshal([]byte(text), &shown); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		return len(shown.Stats) == 1 && shown.Stats[0].Memory.WorkingSetBytes.Value > "0" && shown.Stats[0].CPU.UsageCoreNanoSeconds.Value > "0"
	})
}
