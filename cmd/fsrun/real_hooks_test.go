package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/state"
)

// points are the points at which hooks run, in order (runtime.md, "Lifecycle"), with the
// status in the state on their standard input.
var points = []struct{ name, status string }{
	{"prestart", "creating"}, {"createRuntime", "creating"}, {"createContainer", "creating"},
	{"startContainer", "created"}, {"poststart", "running"}, {"poststop", "stopped"},
}

// withHook sets the hooks of one point.
func withHook(point string, hook ...specs.Hook) harness.Edit {
	return func(spec *specs.Spec) {
		if spec.Hooks == nil {
			spec.Hooks = &specs.Hooks{}
		}
		switch point {
		case "prestart":
			//lint:ignore SA1019 deprecated, and engines still use it
			spec.Hooks.Prestart = hook
		case "createRuntime":
			spec.Hooks.CreateRuntime = hook
		case "createContainer":
			spec.Hooks.CreateContainer = hook
		case "startContainer":
			spec.Hooks.StartContainer = hook
		case "poststart":
			spec.Hooks.Poststart = hook
		case "poststop":
			spec.Hooks.Poststop = hook
		}
	}
}

// hookPlace returns a directory that is the same on the host and in the container.
func hookPlace(t *testing.T) (directory string, edit harness.Edit) {
	t.Helper()
	directory = harness.Directory(t)
	must(t, os.Chmod(directory, 0o777))
	return directory, func(spec *specs.Spec) {
		spec.Mounts = append(spec.Mounts, harness.Bind(directory, directory))
	}
}

// shellHook runs a script with a shell whose path exists both on the host and in the
// container.
func shellHook(script string) specs.Hook {
	return specs.Hook{Path: "/bin/sh", Args: []string{"sh", "-c", script}, Env: []string{"PATH=/bin:/usr/bin", "IN=hook"}}
}

// TestHooksSayNothingForTheProgram: the container's output comes from its program, whatever
// its hooks write.
//
// SPEC: M-OP-9
func TestHooksSayNothingForTheProgram(t *testing.T) {
	edits := []harness.Edit{harness.Shell("echo program")}
	for _, point := range points {
		edits = append(edits, withHook(point.name, shellHook("echo hook")))
	}
	equal(t, "the output", "program", newContainer(t, edits...).succeed())
}

// SPEC: M-HOOK-3
func TestHooksRunInOrderWithTheState(t *testing.T) {
	directory, bind := hookPlace(t)
	edits := []harness.Edit{harness.Shell("echo program >> " + directory + "/order"), bind, func(spec *specs.Spec) {
		spec.Annotations = map[string]string{"key": "value"}
	}}
	for _, point := range points {
		script := fmt.Sprintf(`echo %s $IN >> %s/order; cat > %s/%s; readlink /proc/self/ns/mnt > %s/%s.mnt`,
			point.name, directory, directory, point.name, directory, point.name)
		edits = append(edits, withHook(point.name, shellHook(script)))
	}
	c := newContainer(t, edits...)
	c.succeed()
	must(t, parent.Delete(c.StateRoot, c.ID, false))
	order, err := os.ReadFile(filepath.Join(directory, "order"))
	must(t, err)
	// poststart and the program run at the same time.
	got := strings.Fields(strings.ReplaceAll(string(order), " hook", ""))
	equal(t, "the order before the program", []string{"prestart", "createRuntime", "createContainer", "startContainer"}, got[:4])
	equal(t, "the last", "poststop", got[len(got)-1])
	equal(t, "how many", 7, len(got))
	for _, point := range points {
		content, err := os.ReadFile(filepath.Join(directory, point.name))
		must(t, err)
		var state specs.State
		if err := json.Unmarshal(content, &state); err != nil {
			t.Errorf("%s: %v: %q", point.name, err, content)
			continue
		}
		if string(state.Status) != point.status || state.ID != c.ID || state.Bundle != c.Bundle || state.Annotations["key"] != "value" || state.Pid == 0 {
			t.Errorf("%s: the state is %+v, want status %s", point.name, state, point.status)
		}
		// In the container's namespaces the init is process 1; for us it is not.
		if inside := strings.HasSuffix(point.name, "Container"); (state.Pid == 1) != inside {
			t.Errorf("%s: the state's pid is %d", point.name, state.Pid)
		}
		namespace, err := os.ReadFile(filepath.Join(directory, point.name+".mnt"))
		must(t, err)
		ours, err := os.Readlink("/proc/self/ns/mnt")
		must(t, err)
		inContainer := strings.TrimSpace(string(namespace)) != ours
		if want := strings.HasSuffix(point.name, "Container"); inContainer != want {
			t.Errorf("%s: it runs in the container's mount namespace: %t", point.name, inContainer)
		}
	}
}

// TestHooksWithoutAnEnvironment: they get the caller's, except for those in the container's
// namespaces, to which the runtime reveals nothing of the host's. Hooks with an environment
// get nothing else.
func TestHooksWithoutAnEnvironment(t *testing.T) {
	t.Setenv("OF", "caller")
	directory, bind := hookPlace(t)
	edits := []harness.Edit{bind}
	for _, point := range points {
		hook := func(suffix string, environment ...string) specs.Hook {
			script := fmt.Sprintf("echo of $OF > %s/%s%s", directory, point.name, suffix)
			return specs.Hook{Path: "/bin/sh", Args: []string{"sh", "-c", script}, Env: environment}
		}
		edits = append(edits, withHook(point.name, hook(""), hook(".own", "MY=own")))
	}
	c := newContainer(t, edits...)
	c.succeed()
	must(t, parent.Delete(c.StateRoot, c.ID, false))
	for _, point := range points {
		want := "of caller"
		if strings.HasSuffix(point.name, "Container") {
			want = "of"
		}
		for suffix, want := range map[string]string{"": want, ".own": "of"} {
			content, err := os.ReadFile(filepath.Join(directory, point.name+suffix))
			must(t, err)
			equal(t, point.name+suffix, want, strings.TrimSpace(string(content)))
		}
	}
}

// TestHooksOfCreateBeginInTheBundle: the paths that they use may be relative to it.
func TestHooksOfCreateBeginInTheBundle(t *testing.T) {
	script := shellHook("grep -q ociVersion config.json")
	newContainer(t, withHook("prestart", script), withHook("createRuntime", script)).succeed()
}

// A hook enters the container's cgroup, where the device rules are already in force.
//
// SPEC: M-HOOK-1
func TestHookFindsTheDeviceProgram(t *testing.T) {
	const script = `
pid=$(sed 's/.*"pid": *\([0-9]*\).*/\1/')
cgroup=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/$pid/cgroup)
(: < /dev/kmsg) && echo open
echo $$ > $cgroup/cgroup.procs || exit 1
(: < /dev/kmsg) || echo denied
`
	for _, point := range []string{"prestart", "createRuntime"} {
		t.Run(point, func(t *testing.T) {
			directory, bind := hookPlace(t)
			newContainer(t, harness.Args("/bin/true"), bind, withHook(point, shellHook("{ "+script+" } > "+directory+"/said"))).succeed()
			said, err := os.ReadFile(filepath.Join(directory, "said"))
			must(t, err)
			equal(t, "the device outside and inside of the cgroup", "open\ndenied\n", string(said))
		})
	}
}

func TestHookThatFails(t *testing.T) {
	for _, point := range points[:4] {
		t.Run(point.name, func(t *testing.T) {
			directory, bind := hookPlace(t)
			c := newContainer(t, bind, harness.Args("/bin/touch", directory+"/ran"),
				withHook(point.name, shellHook("true"), shellHook("echo the reason >&2; exit 7"), shellHook("touch "+directory+"/third")),
				withHook("poststop", shellHook("touch "+directory+"/poststop")))
			err := c.refuse()
			for _, part := range []string{point.name + "[1]", "exit status 7", "the reason"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
			for file, wanted := range map[string]bool{"ran": false, "third": false, "poststop": true} {
				if _, err := os.Lstat(filepath.Join(directory, file)); (err == nil) != wanted {
					t.Errorf("%s is there: %t", file, !wanted)
				}
			}
		})
	}
}

func TestHookThatHangs(t *testing.T) {
	second := 1
	for _, point := range points[:4] {
		t.Run(point.name, func(t *testing.T) {
			hook := shellHook("sleep 1000")
			hook.Timeout = &second
			began := time.Now()
			err := newContainer(t, harness.Args("/bin/true"), withHook(point.name, hook)).refuse()
			if !strings.Contains(err.Error(), point.name+"[0]") || !regexp.MustCompile("timed out|timeout").MatchString(err.Error()) {
				t.Errorf("the error is %q", err)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// A hook's environment is exactly what the configuration says; its arguments begin with its
// name.
func TestHookEnvironment(t *testing.T) {
	t.Setenv("OF_THE_RUNTIME", "1")
	for _, point := range points[:4] {
		t.Run(point.name, func(t *testing.T) {
			directory, bind := hookPlace(t)
			script := "echo $0 $1 > " + directory + "/out; cat /proc/self/environ >> " + directory + "/out"
			hook := specs.Hook{Path: "/bin/sh", Args: []string{"sh", "-c", script, "zero", "one"}, Env: []string{"ONLY=this"}}
			newContainer(t, harness.Args("/bin/true"), bind, withHook(point.name, hook)).succeed()
			out, err := os.ReadFile(directory + "/out")
			must(t, err)
			seen := string(out)
			if !strings.HasPrefix(seen, "zero one\n") || !strings.Contains(seen, "ONLY=this") || strings.Contains(seen, "OF_THE_RUNTIME") {
				t.Errorf("the hook says %q", seen)
			}
		})
	}
}

// If a poststop hook fails, the rest of them run and the container is deleted all the same
// (runtime.md, "Lifecycle").
func TestFailedPoststopIsAWarning(t *testing.T) {
	directory, bind := hookPlace(t)
	c := newContainer(t, harness.Args("/bin/true"), bind,
		withHook("poststop", shellHook("exit 3"), shellHook("touch "+directory+"/second")))
	c.succeed()
	var failed *parent.PoststopError
	if err := parent.Delete(c.StateRoot, c.ID, false); !errors.As(err, &failed) {
		t.Errorf("delete: %v", err)
	}
	if _, err := os.Stat(directory + "/second"); err != nil {
		t.Error("the second hook did not run:", err)
	}
	if entries, err := os.ReadDir(c.StateRoot); err != nil || len(entries) > 0 {
		t.Errorf("what is left: %v, %v", entries, err)
	}
}

func TestFailedPoststartEndsTheContainer(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/sleep", "1000"), withHook("poststart", shellHook("exit 3")))
	if err := c.refuse(); !strings.Contains(err.Error(), "poststart[0]") {
		t.Errorf("the error is %q", err)
	}
}

// TestFailedPoststartOfStart: start stops the container, which remains to be deleted
// (runtime.md, "Lifecycle").
func TestFailedPoststartOfStart(t *testing.T) {
	for name, edit := range map[string]harness.Edit{"pid namespace": func(*specs.Spec) {}, "without": harness.Without(specs.PIDNamespace)} {
		t.Run(name, func(t *testing.T) {
			c := created(t, edit, harness.Shell("sleep 1000 & exec sleep 2000"), withHook("poststart", shellHook("exit 3")))
			if err := c.startNow(); err == nil || !strings.Contains(err.Error(), "poststart[0]") {
				t.Errorf("the error is %v", err)
			}
			equal(t, "status", state.Stopped, c.status())
			must(t, parent.Delete(c.StateRoot, c.ID, false))
		})
	}
}

// TestPoststartChangesTheContainer: the container is not locked while poststart hooks run.
func TestPoststartChangesTheContainer(t *testing.T) {
	root := t.TempDir()
	executable, err := os.Executable()
	must(t, err)
	hook := specs.Hook{Path: executable, Args: []string{commandName, "--root", root, "pause", "locked"}, Env: os.Environ()}
	c := newContainer(t, harness.Args("/bin/sleep", "1000"), withHook("poststart", hook))
	c.StateRoot, c.ID = root, "locked"
	c.create()
	must(t, c.startNow())
	equal(t, "status", state.Paused, c.status())
	must(t, parent.Delete(c.StateRoot, c.ID, true))
}

// Failed poststop hooks are warnings: the others run, and the container is gone.
func TestPoststopHooksThatFail(t *testing.T) {
	directory, bind := hookPlace(t)
	c := newContainer(t, harness.Shell("true"), bind,
		withHook("poststop", shellHook("echo sorry >&2; exit 3"), shellHook("touch "+directory+"/second"), specs.Hook{Path: "/not/there"}))
	c.succeed()
	var failures []string
	must(t, warnOfPoststop(parent.Delete(c.StateRoot, c.ID, false), func(text string) { failures = append(failures, text) }))
	equal(t, "failures", 2, len(failures))
	for i, want := range []string{"hook poststop[0] /bin/sh", "hook poststop[2] /not/there"} {
		if !strings.HasPrefix(failures[i], want) {
			t.Errorf("failure %q; want %q", failures[i], want)
		}
	}
	if _, err := os.Stat(filepath.Join(directory, "second")); err != nil {
		t.Error(err)
	}
	if _, err := parent.Inspect(c.StateRoot, c.ID); !errors.Is(err, state.ErrNotExist) {
		t.Errorf("the container after delete: %v", err)
	}
}
