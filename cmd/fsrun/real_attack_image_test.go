package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
)

// withoutMounts removes the mounts at a place and below it, to expose what the image has
// there.
func withoutMounts(place string) harness.Edit {
	return func(spec *specs.Spec) {
		spec.Mounts = slices.DeleteFunc(spec.Mounts, func(mount specs.Mount) bool {
			return mount.Destination == place || strings.HasPrefix(mount.Destination, place+"/")
		})
	}
}

// canaryFiles are what an image could trick the runtime into writing.
var canaryFiles = map[string]string{
	"null": "", "console": "c", "core_pattern": "core", "attr/exec": "", "self/attr/exec": "",
	"sys/kernel/shmmax": "1", "self/status": "fake",
}

// newCanary makes a tree on the host that no container may change, and fails the test if
// one does.
func newCanary(t *testing.T) string {
	t.Helper()
	directory := harness.Directory(t)
	for name, content := range canaryFiles {
		path := filepath.Join(directory, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(content), 0o640))
	}
	snapshot := harness.Watch(t, directory)
	t.Cleanup(snapshot.Settled)
	return directory
}

// beginnings are the ways in which a container can be started.
var beginnings = map[string]func(*container) error{
	"run": func(c *container) error {
		running, err := parent.Run(c.Options)
		if err == nil {
			_, err = running.Wait()
		}
		return err
	},
	"create and start": func(c *container) error {
		if _, err := parent.Create(c.Options); err != nil {
			return err
		}
		return parent.Start(c.StateRoot, c.ID, parent.Handshake{})
	},
}

// TestDevOfTheImageLeadsOutside: if no file system is mounted on /dev, devices, links and
// the console are made in what the image has there, which leads to the host. Nothing may
// change there, however the container is started.
//
// CLASS: V6
func TestDevOfTheImageLeadsOutside(t *testing.T) {
	harness.Need(t, harness.Container...)
	for kind, target := range map[string]func(canary string) string{
		"absolute": func(canary string) string { return canary },
		"relative": func(canary string) string { return strings.Repeat("../", 16) + canary[1:] },
	} {
		for way, comeToRun := range beginnings {
			for _, terminal := range []bool{false, true} {
				for _, readOnly := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s link, %s, terminal %t, read-only %t", kind, way, terminal, readOnly), func(t *testing.T) {
						canary := newCanary(t)
						directory := harness.Bundle(t, harness.Args("/bin/true"), withoutMounts("/dev"), func(spec *specs.Spec) {
							spec.Root.Readonly, spec.Process.Terminal = readOnly, terminal
						})
						must(t, os.Symlink(target(canary), filepath.Join(directory, "rootfs/dev")))
						c := newContainerOf(t, directory)
						if terminal {
							c.ConsoleSocket = harness.ListenConsole(t).Path
						}
						c.connect()
						if err := comeToRun(c); err != nil {
							t.Log("refused:", err)
						}
					})
				}
			}
		}
	}
}

// TestNullOfTheImageIsNoMask: whatever the image has in place of /dev/null, the secret can
// never be read, and a container whose masks cannot be made does not start.
//
// CLASS: V7
func TestNullOfTheImageIsNoMask(t *testing.T) {
	harness.Need(t, harness.Container...)
	for name, test := range map[string]struct {
		make   func(null, canary string) error
		starts bool
	}{
		"missing":             {func(string, string) error { return nil }, true}, // it is made
		"the device":          {func(null, _ string) error { return unix.Mknod(null, unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))) }, true},
		"another device":      {func(null, _ string) error { return unix.Mknod(null, unix.S_IFCHR|0o666, int(unix.Mkdev(1, 5))) }, false},
		"a file":              {func(null, _ string) error { return os.WriteFile(null, nil, 0o666) }, false},
		"a link to the host":  {func(null, canary string) error { return os.Symlink(canary+"/core_pattern", null) }, false},
		"a link to a setting": {func(null, _ string) error { return os.Symlink("/proc/sys/kernel/core_pattern", null) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			canary := newCanary(t)
			directory := harness.Bundle(t, harness.Shell("cat /secret"), withoutMounts("/dev"), func(spec *specs.Spec) {
				spec.Linux.MaskedPaths = append(spec.Linux.MaskedPaths, "/secret")
			})
			must(t, os.Mkdir(filepath.Join(directory, "rootfs/dev"), 0o755))
			must(t, os.WriteFile(filepath.Join(directory, "rootfs/secret"), []byte("secret"), 0o644))
			must(t, test.make(filepath.Join(directory, "rootfs/dev/null"), canary))
			pattern, err := os.ReadFile("/proc/sys/kernel/core_pattern")
			must(t, err)
			c := newContainerOf(t, directory)
			if test.starts {
				equal(t, "the secret", "", c.succeed())
			} else if err := c.refuse(); !strings.Contains(err.Error(), "/dev/null") {
				t.Errorf("the refusal does not name /dev/null: %v", err)
			}
			now, err := os.ReadFile("/proc/sys/kernel/core_pattern")
			must(t, err)
			equal(t, "core_pattern", string(pattern), string(now))
		})
	}
}

// TestFakeProcTakesNothing: what the image or the configuration shows at /proc is not
// procfs. A parameter, and a label if the kernel has them, must nevertheless be the
// kernel's, or the container must not start.
//
// CLASS: V4
func TestFakeProcTakesNothing(t *testing.T) {
	harness.Need(t, harness.Container...)
	const value = "1234567"
	bound := func(on string) func(string, string) harness.Edit {
		return func(_, canary string) harness.Edit {
			return func(spec *specs.Spec) { spec.Mounts = append(spec.Mounts, harness.Bind(canary, on)) }
		}
	}
	for name, test := range map[string]struct {
		make   func(root, canary string) harness.Edit
		starts bool
	}{
		"a link in the root": {func(root, _ string) harness.Edit {
			must(t, os.Mkdir(root+"/bad", 0o755))
			must(t, os.Symlink("/bad", root+"/proc"))
			return func(*specs.Spec) {}
		}, false},
		"a link to the host": {func(root, canary string) harness.Edit {
			must(t, os.Symlink(canary, root+"/proc"))
			return func(*specs.Spec) {}
		}, false},
		"a tmpfs": {func(string, string) harness.Edit {
			return func(spec *specs.Spec) {
				spec.Mounts = append(spec.Mounts, specs.Mount{Destination: "/proc", Type: "tmpfs", Source: "tmpfs"})
			}
		}, false},
		"a directory":             {bound("/proc"), false},
		"a directory on self":     {bound("/proc/self"), true},
		"a directory on the init": {bound("/proc/1"), true},
		"a directory on sys":      {bound("/proc/sys"), true},
	} {
		for what, ask := range labels() {
			t.Run(name+what, func(t *testing.T) {
				if what != "" {
					loadProfile(t)
				}
				canary := newCanary(t)
				directory := harness.Bundle(t, ask, harness.Capable(t), harness.Shell("mount -t proc proc /tmp; cat /tmp/sys/kernel/shmmax; "+reportProfile), func(spec *specs.Spec) {
					spec.Linux.Sysctl = map[string]string{"kernel.shmmax": value}
					spec.Linux.MaskedPaths, spec.Linux.ReadonlyPaths, spec.Root.Readonly = nil, nil, false
				})
				harness.EditSpec(t, directory, test.make(filepath.Join(directory, "rootfs"), canary))
				c := newContainerOf(t, directory)
				if !test.starts {
					if err := c.refuse(); !strings.Contains(err.Error(), "/proc") {
						t.Errorf("the refusal does not name /proc: %v", err)
					}
					return
				}
				said := c.succeed()
				if !strings.HasPrefix(said, value) {
					t.Errorf("the parameter was not set: %q", said)
				}
				if what != "" && !strings.HasSuffix(said, "\ndenied") {
					t.Errorf("the label is not in force: %q", said)
				}
			})
		}
	}
}

// labels returns no label, and one that this machine's kernel supports.
func labels() map[string]harness.Edit {
	all := map[string]harness.Edit{"": func(*specs.Spec) {}}
	if hasAppArmor() {
		all[", with a label"] = profiled
	}
	return all
}
