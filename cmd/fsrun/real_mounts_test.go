package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent/state"
)

// tmpcopyup keeps content, owner and mode. Without it nothing is copied.
func TestTmpCopyUp(t *testing.T) {
	c := newContainer(t, harness.Probing(t, "/etc/passwd", "/etc", "/root/file", "/home/file"), func(spec *specs.Spec) {
		spec.Mounts = append(spec.Mounts, tmpfs("/etc", "tmpcopyup"), tmpfs("/root"), tmpfs("/home", "tmpcopyup", "mode=0700"))
	})
	rootfs := filepath.Join(c.Bundle, "rootfs")
	for _, name := range []string{"root/file", "home/file"} {
		must(t, os.WriteFile(filepath.Join(rootfs, name), []byte("content"), 0o604))
		must(t, os.Chown(filepath.Join(rootfs, name), 12, 34))
	}
	must(t, os.Chmod(filepath.Join(rootfs, "etc"), 0o751))
	report := c.probe()
	passwd, err := os.ReadFile(filepath.Join(rootfs, "etc/passwd"))
	must(t, err)
	equal(t, "/etc/passwd", string(passwd), report.Files["/etc/passwd"].Content)
	equal(t, "/etc", "40751 0:0", report.Files["/etc"].Stat)
	equal(t, "/etc is", "tmpfs", byPoint(report)["/etc"].Filesystem)
	equal(t, "/root/file", "no such file or directory", report.Files["/root/file"].Error)
	equal(t, "/home/file", "100604 12:34", report.Files["/home/file"].Stat)
	equal(t, "/home/file", "content", report.Files["/home/file"].Content)
}

// Files are bound on files, on nothing, and on what symbolic links lead to, which is always
// inside the root.
func TestFileBinds(t *testing.T) {
	harness.Need(t, harness.Container...)
	source := filepath.Join(harness.Directory(t), "source")
	must(t, os.WriteFile(source, []byte("bound"), 0o644))
	places := map[string]string{ // destination: where it must be visible
		"/etc/passwd":      "/etc/passwd",
		"/new/one":         "/new/one",
		"/etc/link":        "/etc/target",
		"/etc/absolute":    "/etc/group",
		"/etc/outside":     "/etc/hostname",
		"/etc/dangling":    "/var/not/there",
		"/directory/below": "/home/below",
	}
	files := []string{}
	for _, place := range places {
		files = append(files, place)
	}
	c := newContainer(t, harness.Probing(t, files...), func(spec *specs.Spec) {
		for destination := range places {
			spec.Mounts = append(spec.Mounts, harness.Bind(source, destination, "ro"))
		}
	})
	rootfs := filepath.Join(c.Bundle, "rootfs")
	must(t, os.WriteFile(filepath.Join(rootfs, "etc/target"), nil, 0o644))
	for link, target := range map[string]string{
		"etc/link": "target", "etc/absolute": "/etc/group", "etc/outside": "../../../../etc/hostname",
		"etc/dangling": "/var/not/there", "directory": "home",
	} {
		must(t, os.Symlink(target, filepath.Join(rootfs, link)))
	}
	report := c.probe()
	mounts := byPoint(report)
	for destination, place := range places {
		equal(t, destination+" at "+place, "bound", report.Files[place].Content)
		equal(t, destination+" is mounted at "+place, "ro,relatime", mounts[place].Options)
	}
}

// What is mounted on a symbolic link is mounted on what the link leads to.
func TestMountsOverSymbolicLinks(t *testing.T) {
	c := newContainer(t, harness.Probing(t), func(spec *specs.Spec) {
		spec.Mounts = append(spec.Mounts, tmpfs("/var/run"), tmpfs("/dangling"), tmpfs("/loop/../climb/x"))
	})
	rootfs := filepath.Join(c.Bundle, "rootfs")
	must(t, os.Mkdir(filepath.Join(rootfs, "var"), 0o755))
	must(t, os.Mkdir(filepath.Join(rootfs, "run"), 0o755))
	for link, target := range map[string]string{"var/run": "../run", "dangling": "/made/for/it", "climb": "../../../home"} {
		must(t, os.Symlink(target, filepath.Join(rootfs, link)))
	}
	mounts := byPoint(c.probe())
	for _, place := range []string{"/run", "/made/for/it", "/home/x"} {
		equal(t, place, "tmpfs", mounts[place].Filesystem)
	}
}

// Without rbind, what is mounted below a source is not there.
func TestBindAndRecursiveBind(t *testing.T) {
	source := mountTree(t, "")
	mounts := byPoint(newContainer(t, harness.Probing(t), func(spec *specs.Spec) {
		spec.Mounts = append(spec.Mounts, harness.Bind(source, "/alone"), specs.Mount{Destination: "/whole", Source: source, Options: []string{"rbind"}})
	}).probe())
	equal(t, "bind", "", mounts["/alone/sub"].Filesystem)
	equal(t, "rbind", "tmpfs", mounts["/whole/sub"].Filesystem)
}

func TestMountPropagation(t *testing.T) {
	source := mountTree(t, "")
	must(t, unix.Mount("", source, "", unix.MS_SHARED|unix.MS_REC, ""))
	wanted := map[string][2]string{ // the mount, and the one below
		"private": {"", "master"}, "rprivate": {"", ""},
		"slave": {"master", "master"}, "rslave": {"master", "master"},
		"shared": {"shared master", "master"}, "rshared": {"shared master", "shared master"},
		"unbindable": {"unbindable", "master"}, "runbindable": {"unbindable", "unbindable"},
	}
	for name, edit := range userNamespaces {
		t.Run(name, func(t *testing.T) {
			mounts := byPoint(newContainer(t, harness.Probing(t), edit, func(spec *specs.Spec) {
				for option := range wanted {
					spec.Mounts = append(spec.Mounts, specs.Mount{Destination: "/" + option, Source: source, Options: []string{"rbind", option}})
				}
			}).probe())
			for option, want := range wanted {
				equal(t, option, want, [2]string{mounts["/"+option].Propagation, mounts["/"+option+"/sub"].Propagation})
			}
		})
	}
}

// userNamespaces are a container with one and a container without.
var userNamespaces = map[string]harness.Edit{
	"in a user namespace": harness.UserNamespace,
	"in the host's":       func(*specs.Spec) {},
}

// mounting is a container that mounts a file system on /volume/inside and reports what it
// sees there, once it reads a line.
func mounting(t *testing.T, edits ...harness.Edit) (*container, string) {
	t.Helper()
	source := mountTree(t, "")
	must(t, unix.Mount("", source, "", unix.MS_SHARED|unix.MS_REC, ""))
	for _, name := range []string{"inside", "outside"} {
		must(t, os.Mkdir(filepath.Join(source, name), 0o755))
	}
	edits = append([]harness.Edit{
		harness.Shell("mount -t tmpfs inside /volume/inside && touch /volume/done && read line; grep -c outside /proc/self/mountinfo; true"),
		mayMount,
		func(spec *specs.Spec) {
			spec.Mounts = append(spec.Mounts, specs.Mount{Destination: "/volume", Source: source, Options: []string{"rbind"}})
		},
	}, edits...)
	return newContainer(t, edits...), source
}

// mayMount gives the program what it needs to mount file systems.
func mayMount(spec *specs.Spec) {
	sets := spec.Process.Capabilities
	sets.Bounding = append(sets.Bounding, "CAP_SYS_ADMIN")
	sets.Effective, sets.Permitted = sets.Bounding, sets.Bounding
}

// seen runs the container and reports whether its mount appears on the host, and whether
// one of the host's appears in it.
func (c *container) seen(source string) (onHost, inContainer bool) {
	c.t.Helper()
	read, write, err := os.Pipe()
	must(c.t, err)
	defer read.Close()
	c.input = read
	c.start()
	waitForFile(c.t, filepath.Join(source, "done"))
	var inside, top unix.Stat_t
	must(c.t, unix.Stat(filepath.Join(source, "inside"), &inside))
	must(c.t, unix.Stat(source, &top))
	onHost = inside.Dev != top.Dev
	must(c.t, unix.Mount("outside", filepath.Join(source, "outside"), "tmpfs", 0, ""))
	_, err = write.WriteString("\n")
	must(c.t, err)
	must(c.t, write.Close())
	waitForStatus(c, state.Stopped)
	c.stdout.end()
	must(c.t, unix.Unmount(filepath.Join(source, "outside"), unix.MNT_DETACH))
	if onHost {
		must(c.t, unix.Unmount(filepath.Join(source, "inside"), unix.MNT_DETACH))
	}
	return onHost, strings.HasSuffix(strings.TrimSpace(c.stdout.String()), "1")
}

// Volumes show the container's mounts on the host, the host's in the container, or neither:
// what Kubernetes calls Bidirectional, HostToContainer and None.
//
// CLASS: V18
// SPEC: M-TRUST-9
func TestVolumePropagation(t *testing.T) {
	root := func(value string) harness.Edit {
		return func(spec *specs.Spec) { spec.Linux.RootfsPropagation = value }
	}
	volume := func(option string) harness.Edit {
		return func(spec *specs.Spec) {
			last := &spec.Mounts[len(spec.Mounts)-1]
			last.Options = append(last.Options, option)
		}
	}
	for _, test := range []struct {
		name                string
		edits               []harness.Edit
		onHost, inContainer bool
	}{
		{"bidirectional", []harness.Edit{root("rshared"), volume("rshared")}, true, true},
		{"shared with a shared root", []harness.Edit{root("shared"), volume("shared")}, true, true},
		{"host to container", []harness.Edit{root("rslave"), volume("rslave")}, false, true},
		{"none", []harness.Edit{root("rslave"), volume("rprivate")}, false, false},
		{"nothing said", nil, false, true},
		{"nothing said of the volume", []harness.Edit{root("rshared")}, false, true},
		{"private volume, shared root", []harness.Edit{root("rshared"), volume("private")}, false, false},
		{"shared without a shared root", []harness.Edit{volume("rshared")}, false, true},
		{"nothing said, in a user namespace", []harness.Edit{harness.UserNamespace}, false, true},
		{"bidirectional, in a user namespace", []harness.Edit{harness.UserNamespace, root("rshared"), volume("rshared")}, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, source := mounting(t, test.edits...)
			onHost, inContainer := c.seen(source)
			equal(t, "the container's mount shows on the host", test.onHost, onHost)
			equal(t, "the host's mount shows in the container", test.inContainer, inContainer)
		})
	}
}

// TestPrivateMountsBeneathASharedVolume: a private mount stays private on a volume that is
// shared with the host, and what the container mounts there is its own.
//
// CLASS: V18
// SPEC: M-PLAN-6
func TestPrivateMountsBeneathASharedVolume(t *testing.T) {
	outer, inner := mountTree(t, ""), harness.Directory(t)
	must(t, unix.Mount("", outer, "", unix.MS_SHARED|unix.MS_REC, ""))
	must(t, os.Mkdir(filepath.Join(inner, "inside"), 0o755))
	c := newContainer(t, mayMount, func(spec *specs.Spec) {
		spec.Linux.RootfsPropagation = "rshared"
		spec.Mounts = append(spec.Mounts,
			specs.Mount{Destination: "/h", Source: outer, Options: []string{"rbind", "rshared"}},
			specs.Mount{Destination: "/h/bound", Source: inner, Options: []string{"rbind", "rprivate"}},
			specs.Mount{Destination: "/h/unbindable", Source: inner, Options: []string{"bind", "unbindable"}},
			tmpfs("/h/new", "private"))
	}, harness.Shell(`grep -E ' /h/(bound|new|unbindable) ' /proc/self/mountinfo
		mkdir /h/new/inside
		for place in bound new unbindable; do mount -t tmpfs inside /h/$place/inside && touch /h/$place/inside/secret || exit 1; done`))
	output := c.succeed()
	table, err := os.ReadFile("/proc/self/mountinfo")
	must(t, err)
	for _, place := range []string{"bound", "new", "unbindable"} {
		if !strings.Contains(output, " /h/"+place+" ") {
			t.Fatalf("/h/%s is not mounted:\n%s", place, output)
		}
		onHost := filepath.Join(outer, place)
		if !strings.Contains(string(table), " "+onHost+" ") {
			t.Errorf("/h/%s does not show on the host, as all does that is mounted on the volume", place)
			continue
		}
		if _, err := os.Stat(filepath.Join(onHost, "inside/secret")); err == nil {
			t.Errorf("what the container mounted on /h/%s shows on the host", place)
		}
		must(t, unix.Unmount(onHost, unix.MNT_DETACH))
	}
	for _, peers := range regexp.MustCompile(`(shared|master):\d+ `).FindAllString(output, -1) {
		// In the end all are shared, as rootfsPropagation says, but with nobody.
		if _, group, _ := strings.Cut(peers, ":"); strings.Contains(string(table), "shared:"+group) {
			t.Errorf("%s is a group of the host's:\n%s", peers, output)
		}
	}
}

// waitForFile waits until a file exists.
func waitForFile(t *testing.T, name string) {
	t.Helper()
	for range 1000 {
		if _, err := os.Stat(name); err == nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("%s was not made", name)
}
