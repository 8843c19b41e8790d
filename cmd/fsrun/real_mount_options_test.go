package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/internal/harness/probe"
	"github.com/fsrun/fsrun/parent/bundle"
)

// A tree for binds, with a mount below it: an open one, or one with every restriction. The
// options shown by the kernel (proc_pid_mountinfo(5)):
const (
	open   = "rw,relatime"
	closed = "ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow"
)

// without returns the closed tree's options without one.
func without(option string) string {
	return strings.ReplaceAll(closed+",", option+",", "")[:len(closed)-len(option)-1]
}

// seenOption is what a container sees of a mount with one option.
type seenOption struct {
	source     string // open, closed: a recursive bind of that tree; "": a new tmpfs
	with       string // another option that it needs
	top, below string // the options of the mount, and of the one below
	superblock string // an option of the file system
}

var (
	// writable is closed with "rw" in place of "ro".
	writable = "rw" + strings.TrimPrefix(closed, "ro")
	// relative is closed with relatime in place of noatime, in the kernel's order.
	relative = strings.Replace(without("noatime"), "nodiratime", "nodiratime,relatime", 1)
)

// mountOptionsSeen has a row for each option in config.md. Options with a test of their own
// have an empty row.
var mountOptionsSeen = map[string]seenOption{
	// The mount alone.
	"atime":         {source: closed, top: relative, below: closed},
	"dev":           {source: closed, top: without("nodev"), below: closed},
	"diratime":      {source: closed, top: without("nodiratime"), below: closed},
	"exec":          {source: closed, top: without("noexec"), below: closed},
	"noatime":       {source: open, top: "rw,noatime", below: open},
	"nodev":         {source: open, top: "rw,nodev,relatime", below: open},
	"nodiratime":    {source: open, top: "rw,nodiratime,relatime", below: open},
	"noexec":        {source: open, top: "rw,noexec,relatime", below: open},
	"norelatime":    {source: closed, top: relative, below: closed},
	"nostrictatime": {source: closed, top: relative, below: closed},
	"nosuid":        {source: open, top: "rw,nosuid,relatime", below: open},
	"nosymfollow":   {source: open, top: "rw,relatime,nosymfollow", below: open},
	"relatime":      {source: closed, top: relative, below: closed},
	"ro":            {source: open, top: "ro,relatime", below: open},
	"rw":            {source: closed, top: writable, below: closed},
	"strictatime":   {source: open, top: "rw", below: open},
	"suid":          {source: closed, top: without("nosuid"), below: closed},
	"symfollow":     {source: closed, top: without("nosymfollow"), below: closed},

	// The mounts below, too.
	"ratime":         {source: closed, top: relative, below: relative},
	"rdev":           {source: closed, top: without("nodev"), below: without("nodev")},
	"rdiratime":      {source: closed, top: without("nodiratime"), below: without("nodiratime")},
	"rexec":          {source: closed, top: without("noexec"), below: without("noexec")},
	"rnoatime":       {source: open, top: "rw,noatime", below: "rw,noatime"},
	"rnodev":         {source: open, top: "rw,nodev,relatime", below: "rw,nodev,relatime"},
	"rnodiratime":    {source: open, top: "rw,nodiratime,relatime", below: "rw,nodiratime,relatime"},
	"rnoexec":        {source: open, top: "rw,noexec,relatime", below: "rw,noexec,relatime"},
	"rnorelatime":    {source: closed, top: relative, below: relative},
	"rnostrictatime": {source: closed, top: relative, below: relative},
	"rnosuid":        {source: open, top: "rw,nosuid,relatime", below: "rw,nosuid,relatime"},
	"rnosymfollow":   {source: open, top: "rw,relatime,nosymfollow", below: "rw,relatime,nosymfollow"},
	"rrelatime":      {source: closed, top: relative, below: relative},
	"rro":            {source: open, top: "ro,relatime", below: "ro,relatime"},
	"rrw":            {source: closed, top: writable, below: writable},
	"rstrictatime":   {source: open, top: "rw", below: "rw"},
	"rsuid":          {source: closed, top: without("nosuid"), below: without("nosuid")},
	"rsymfollow":     {source: closed, top: without("nosymfollow"), below: without("nosymfollow")},

	// The file system. A container can see neither its kernel messages, which silent and
	// loud are about, nor its inode versions.
	"async":      {top: open, with: "sync"},
	"defaults":   {top: open},
	"dirsync":    {top: open, superblock: "dirsync"},
	"iversion":   {top: open},
	"lazytime":   {top: open, superblock: "lazytime"},
	"loud":       {top: open},
	"mand":       {top: open, superblock: "mand"},
	"noiversion": {top: open},
	"nolazytime": {top: open, with: "lazytime"},
	"nomand":     {top: open, with: "mand"},
	"silent":     {top: open},
	"sync":       {top: open, superblock: "sync"},

	// Tests of their own.
	"bind": {}, "rbind": {}, "remount": {}, "tmpcopyup": {}, "idmap": {}, "ridmap": {},
	"private": {}, "rprivate": {}, "shared": {}, "rshared": {}, "slave": {}, "rslave": {}, "unbindable": {}, "runbindable": {},
}

// TestMountOptionsSeenInside: every option, seen from inside.
func TestMountOptionsSeenInside(t *testing.T) {
	names := bundle.MountOptionNames()
	for name := range mountOptionsSeen {
		if !slices.Contains(names, name) {
			t.Errorf("the option %q is not known", name)
		}
	}
	sources := map[string]string{open: mountTree(t, ""), closed: mountTree(t, closed)}
	c := newContainer(t, harness.Probing(t), func(spec *specs.Spec) {
		for _, name := range names {
			seen, known := mountOptionsSeen[name]
			switch {
			case !known:
				t.Errorf("no row says how the option %q is seen", name)
			case seen.top == "":
			case seen.source != "":
				spec.Mounts = append(spec.Mounts, specs.Mount{Destination: "/m/" + name, Source: sources[seen.source], Options: []string{"rbind", name}})
			case seen.with != "":
				spec.Mounts = append(spec.Mounts, tmpfs("/m/"+name, seen.with, name))
			default:
				spec.Mounts = append(spec.Mounts, tmpfs("/m/"+name, name))
			}
		}
	})
	mounts := byPoint(c.probe())
	for name, want := range mountOptionsSeen {
		if want.top == "" {
			continue
		}
		top, is := mounts["/m/"+name]
		if !is {
			t.Errorf("%s: nothing is mounted", name)
			continue
		}
		equal(t, name, want.top, top.Options)
		if want.source != "" {
			equal(t, name+", below", want.below, mounts["/m/"+name+"/sub"].Options)
			continue
		}
		for _, flag := range []string{"sync", "dirsync", "lazytime", "mand"} {
			has := slices.Contains(strings.Split(top.Superblock, ","), flag)
			equal(t, name+": the file system is "+flag, flag == want.superblock, has)
		}
	}
}

// TestMountOptionsInARow: options may be given one by one or, as for mount(8), several in
// one string, separated by commas; those for mount tables mean nothing to the kernel.
func TestMountOptionsInARow(t *testing.T) {
	c := newContainer(t, harness.Probing(t), func(spec *specs.Spec) {
		spec.Mounts = append(spec.Mounts,
			tmpfs("/t", "", "noexec,size=64k,nofail,mode=0711", "x-systemd.automount", "nosuid"),
			specs.Mount{Destination: "/b", Source: mountTree(t, ""), Options: []string{"bind,ro,_netdev"}})
	})
	mounts := byPoint(c.probe())
	equal(t, "tmpfs", "rw,nosuid,noexec,relatime", mounts["/t"].Options)
	equal(t, "its file system", "rw,size=64k,mode=711", strings.TrimSuffix(mounts["/t"].Superblock, ",inode64"))
	equal(t, "bind", "ro,relatime", mounts["/b"].Options)
}

// byPoint maps mount points to mounts; one that covers another comes later in the table.
func byPoint(report *probe.Report) map[string]probe.Mount {
	found := map[string]probe.Mount{}
	for _, mount := range report.Mounts {
		found[mount.Point] = mount
	}
	return found
}

func tmpfs(destination string, options ...string) specs.Mount {
	return specs.Mount{Destination: destination, Type: "tmpfs", Source: "tmpfs", Options: options}
}

// mountTree mounts a file system on the host with another one in "sub", both with the named
// attributes.
func mountTree(t *testing.T, attributes string) string {
	t.Helper()
	harness.Need(t, harness.Container...)
	directory := hostMount(t, harness.Directory(t))
	must(t, os.Mkdir(filepath.Join(directory, "sub"), 0o755))
	must(t, unix.Mount("tmpfs", filepath.Join(directory, "sub"), "tmpfs", 0, ""))
	options, err := bundle.ParseMountOptions(strings.Split(attributes, ","))
	if attributes == "" {
		return directory
	}
	must(t, err)
	must(t, unix.MountSetattr(unix.AT_FDCWD, directory, unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: options.Set, Attr_clr: options.Clear}))
	return directory
}

// hostMount mounts a file system on a directory until the test ends.
func hostMount(t *testing.T, directory string) string {
	t.Helper()
	must(t, unix.Mount("tmpfs", directory, "tmpfs", 0, ""))
	t.Cleanup(func() { must(t, unix.Unmount(directory, unix.MNT_DETACH)) })
	return directory
}

func TestRemount(t *testing.T) {
	source := mountTree(t, "")
	c := newContainer(t, harness.Probing(t), func(spec *specs.Spec) {
		spec.Mounts = append(spec.Mounts,
			specs.Mount{Destination: "/bind", Source: source, Options: []string{"rbind", "noexec"}},
			specs.Mount{Destination: "/bind", Options: []string{"bind", "remount", "ro", "rnosuid", "unbindable"}},
			tmpfs("/new", "sync", "nosuid", "size=1m"),
			tmpfs("/new/made/before", "ro"),
			tmpfs("/new", "remount", "ro", "suid", "async", "lazytime", "size=2m"),
		)
	})
	mounts := byPoint(c.probe())
	equal(t, "bind", "ro,nosuid,noexec,relatime", mounts["/bind"].Options)
	equal(t, "below", "rw,nosuid,relatime", mounts["/bind/sub"].Options)
	equal(t, "propagation", "unbindable", mounts["/bind"].Propagation)
	equal(t, "new", "ro,relatime", mounts["/new"].Options)
	equal(t, "its file system", "rw,lazytime,size=2048k", strings.TrimSuffix(mounts["/new"].Superblock, ",inode64"))
}

// TestReadOnlyFileSystemsInMemory: a file system that is to be read-only contains what the
// runtime puts there, and then becomes read-only.
//
// SPEC: M-PLAN-6
func TestReadOnlyFileSystemsInMemory(t *testing.T) {
	harness.Need(t, harness.Container...)
	source := harness.Directory(t)
	must(t, os.WriteFile(filepath.Join(source, "file"), []byte("bound"), 0o644))
	onDev := func(change func(*specs.Mount)) harness.Edit {
		return func(spec *specs.Spec) {
			index := slices.IndexFunc(spec.Mounts, func(m specs.Mount) bool { return m.Destination == "/dev" })
			change(&spec.Mounts[index])
		}
	}
	mount := func(mounts ...specs.Mount) harness.Edit {
		return func(spec *specs.Spec) { spec.Mounts = append(spec.Mounts, mounts...) }
	}
	for _, test := range []struct {
		name     string
		edit     harness.Edit
		readOnly string
		files    map[string]string // what the container reads there
	}{
		{"devices", onDev(func(m *specs.Mount) { m.Options = append(m.Options, "ro") }), "/dev", map[string]string{"/dev/null": ""}},
		{"devices, remounted", mount(tmpfs("/dev", "remount", "ro")), "/dev", map[string]string{"/dev/null": ""}},
		{"mount point", mount(tmpfs("/run", "ro"), harness.Bind(source, "/run/sec")), "/run", map[string]string{"/run/sec/file": "bound"}},
		{"copy", mount(tmpfs("/srv", "ro", "tmpcopyup")), "/srv", map[string]string{"/srv/file": "content"}},
		{"working directory", func(spec *specs.Spec) {
			spec.Process.Cwd = "/run/work"
			spec.Mounts = append(spec.Mounts, tmpfs("/run", "rro"))
		}, "/run", nil},
		{"covered", mount(tmpfs("/run", "ro"), harness.Bind(source, "/run"), tmpfs("/srv", "ro")), "/srv", map[string]string{"/run/file": "bound"}},
	} {
		for namespace, edit := range userNamespaces {
			t.Run(test.name+", "+namespace, func(t *testing.T) {
				c := newContainer(t, harness.Probing(t, slices.Collect(maps.Keys(test.files))...), edit, test.edit)
				must(t, os.MkdirAll(filepath.Join(c.Bundle, "rootfs/srv"), 0o755))
				must(t, os.WriteFile(filepath.Join(c.Bundle, "rootfs/srv/file"), []byte("content"), 0o644))
				report := c.probe()
				mounts := byPoint(report)
				if got := mounts[test.readOnly].Options; !slices.Contains(strings.Split(got, ","), "ro") {
					t.Errorf("%s has the options %s", test.readOnly, got)
				}
				for name, content := range test.files {
					equal(t, name, content, report.Files[name].Content)
					equal(t, name, "", report.Files[name].Error)
				}
				for _, mount := range report.Mounts { // the table may show a covered mount last
					if mount.Point == "/run" { // a bind mount begins below the root of its file system
						equal(t, "read-only is that of "+mount.Root, mount.Root == "/", strings.HasPrefix(mount.Options, "ro"))
					}
				}
			})
		}
	}
}

func TestRemountOfNothing(t *testing.T) {
	err := newContainer(t, harness.Shell("true"), func(spec *specs.Spec) {
		spec.Mounts = append(spec.Mounts, tmpfs("/home", "remount", "ro"))
	}).refuse()
	const want = "nothing is mounted there that could be changed"
	if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "/home") {
		t.Errorf("%v; want %q of /home", err, want)
	}
}
