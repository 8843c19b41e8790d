package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
)

// needOwnerMapping skips the test if a tmpfs cannot be ID-mapped: before Linux 6.3.
func needOwnerMapping(t *testing.T) {
	t.Helper()
	var name unix.Utsname
	var major, minor int
	must(t, unix.Uname(&name))
	if _, err := fmt.Sscanf(unix.ByteSliceToString(name.Release[:]), "%d.%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	if major < 6 || major == 6 && minor < 3 {
		harness.NativeOnly(t, "the guest's kernel is older than Linux 6.3")
		t.Skipf("ID-mapped mounts of tmpfs need Linux 6.3; this is %d.%d", major, minor)
	}
}

// ownedTree makes a tree of two mounts with files of different owners in each.
func ownedTree(t *testing.T) string {
	t.Helper()
	source := mountTree(t, "")
	for _, directory := range []string{source, filepath.Join(source, "sub")} {
		for name, owner := range map[string]int{"root": 0, "user": 1000, "other": 5000} {
			file := filepath.Join(directory, name)
			must(t, os.WriteFile(file, nil, 0o644))
			must(t, os.Chown(file, owner, owner+1))
		}
	}
	return source
}

// TestOwnerMappings checks owners as seen in the container, and what it makes as seen on
// the host.
func TestOwnerMappings(t *testing.T) {
	needOwnerMapping(t)
	source := ownedTree(t)
	// The mapping must contain the owner of what the container's root user makes, or
	// nothing can be made.
	own := func(first, size uint32) []specs.LinuxIDMapping {
		return []specs.LinuxIDMapping{{ContainerID: 0, HostID: first, Size: size}}
	}
	joined := func(spec *specs.Spec) {
		pod := holder(t, syscall.CLONE_NEWUSER)
		harness.UserNamespace(spec)
		harness.Namespace(specs.UserNamespace, fmt.Sprintf("/proc/%d/ns/user", pod))(spec)
	}
	const nobody = "65534:65534"
	for _, test := range []struct {
		name                           string
		edit                           harness.Edit
		options                        []string
		uids, gids                     []specs.LinuxIDMapping
		root, user, other, below, made string
	}{
		{
			name: "mapping of the mount's own", edit: func(*specs.Spec) {}, options: []string{"rbind", "idmap"},
			uids: own(0, 2000), gids: own(0, 1000), // group 1001 is not mapped
			root: "0:1", user: "1000:65534", other: nobody, below: "1000:1001", made: "0:0",
		},
		{
			name: "shifted mapping", edit: func(spec *specs.Spec) { spec.Process.User = specs.User{UID: 7000, GID: 8000} }, options: []string{"rbind", "ridmap"},
			uids: own(7000, 2000), gids: own(8000, 2000),
			root: "7000:8001", user: "8000:9001", other: nobody, below: "8000:9001", made: "0:0",
		},
		{
			name: "mapping without an option", edit: func(*specs.Spec) {}, options: []string{"rbind"},
			uids: own(0, 2000), gids: own(0, 2000),
			root: "0:1", user: "1000:1001", other: nobody, below: "1000:1001", made: "0:0",
		},
		{
			name: "none in a user namespace", edit: harness.UserNamespace, options: []string{"rbind"},
			root: nobody, user: nobody, other: nobody, below: nobody, made: fmt.Sprintf("%d:%[1]d", harness.HostID(0)),
		},
		{
			name: "the container's user namespace", edit: harness.UserNamespace, options: []string{"rbind", "idmap"},
			root: "0:1", user: "1000:1001", other: "5000:5001", below: nobody, made: "0:0",
		},
		{
			name: "the container's user namespace, recursively", edit: harness.UserNamespace, options: []string{"rbind", "ridmap"},
			root: "0:1", user: "1000:1001", other: "5000:5001", below: "1000:1001", made: "0:0",
		},
		{
			name: "a user namespace that is joined", edit: joined, options: []string{"rbind", "ridmap"},
			root: "0:1", user: "1000:1001", other: "5000:5001", below: "1000:1001", made: "0:0",
		},
		{
			name: "mapping in the option", edit: func(*specs.Spec) {}, options: []string{"rbind", "ridmap=uids=0-0-2000;gids=1-2-1#1001-2002-1"},
			root: "0:2", user: "1000:2002", other: nobody, below: "1000:2002", made: "",
		},
		{
			name: "mapping in the option, of the container's ids", edit: harness.UserNamespace, options: []string{"rbind", "idmap=uids=@0-3000-2000;gids=@0-0-5000"},
			root: "3000:1", user: "4000:1001", other: nobody, below: nobody, made: "",
		},
		{
			name: "mapping of the mount's own in a user namespace", edit: harness.UserNamespace, options: []string{"rbind", "ridmap"},
			uids: own(harness.HostID(3000), 2000), gids: own(harness.HostID(0), 5000),
			root: "3000:1", user: "4000:1001", other: nobody, below: "4000:1001", made: "",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newContainer(t, harness.Shell("cd /data; stat -c %u:%g root user other sub/user; touch made 2>/dev/null; true"), test.edit, func(spec *specs.Spec) {
				spec.Mounts = append(spec.Mounts, specs.Mount{
					Destination: "/data", Source: source, Options: test.options, UIDMappings: test.uids, GIDMappings: test.gids,
				})
			})
			equal(t, "owners of root, user, other, sub/user", []string{test.root, test.user, test.other, test.below}, strings.Fields(c.succeed()))
			var stat unix.Stat_t
			made := filepath.Join(source, "made")
			if err := unix.Stat(made, &stat); err == nil {
				equal(t, "owner of what was made, on the host", test.made, fmt.Sprintf("%d:%d", stat.Uid, stat.Gid))
				must(t, os.Remove(made))
			} else {
				equal(t, "owner of what was made, on the host", test.made, "")
			}
		})
	}
}

func TestOwnerMappingThatCannotBeHad(t *testing.T) {
	lines := []specs.LinuxIDMapping{{HostID: 1000, Size: 10}}
	err := newContainer(t, harness.Shell("true"), func(spec *specs.Spec) {
		spec.Mounts = append(spec.Mounts, specs.Mount{
			Destination: "/data", Source: "/proc", Options: []string{"bind", "idmap"}, UIDMappings: lines, GIDMappings: lines,
		})
	}).refuse()
	for _, want := range []string{"mounts[", "/proc on /data", "MOUNT_ATTR_IDMAP", "invalid argument", "does not support ID-mapped mounts"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want it to say %q", err, want)
		}
	}
}
