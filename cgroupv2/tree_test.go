package cgroupv2

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const hybridMountinfo = `22 27 0:21 / /proc rw,relatime - proc proc rw
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime shared:5 master:1 - cgroup cgroup rw,pids
50 31 0:38 /../.. /run/box\040one/sys/fs/cgroup ro,relatime - cgroup2 cgroup2 rw
51 31 0:38 / /mnt/other rw,relatime - cgroup2 cgroup2 rw
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
`

func TestParseMounts(t *testing.T) {
	got, err := parseMounts(strings.NewReader(hybridMountinfo + "1 2 0:1 /\n\n7 8 9 - cgroup2\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []mount{
		{"/", "/sys/fs/cgroup/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct"},
		{"/", "/sys/fs/cgroup/pids", "cgroup", "rw,pids"},
		{"/../..", "/run/box one/sys/fs/cgroup", "cgroup2", "rw"},
		{"/", "/mnt/other", "cgroup2", "rw"},
		{"/", "/sys/fs/cgroup/unified", "cgroup2", "rw,nsdelegate"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(mount{})); diff != "" {
		t.Errorf("mounts (-want +got):\n%s", diff)
	}
	var order []string
	for _, m := range preferred(got) {
		order = append(order, m.point)
	}
	wantOrder := []string{"/sys/fs/cgroup/unified", "/mnt/other", "/run/box one/sys/fs/cgroup"}
	if diff := cmp.Diff(wantOrder, order); diff != "" {
		t.Errorf("preferred (-want +got):\n%s", diff)
	}
}

func TestParseMountsBounds(t *testing.T) {
	if _, err := parseMounts(strings.NewReader(strings.Repeat("x\n", maxMounts+1))); err == nil {
		t.Error("endless mountinfo was read")
	}
	if _, err := parseMounts(strings.NewReader(strings.Repeat("x", maxMountLine+1))); err == nil {
		t.Error("an endless line was read")
	}
}

func TestOwn(t *testing.T) {
	for content, want := range map[string]string{
		"9:name=systemd:/\n0::/user.slice/a b\n": "/user.slice/a b",
		"0::/\n":                                 "/",
		"0::/gone (deleted)":                     "",
		"4:memory:/x\n":                          "",
		"":                                       "",
	} {
		got, err := parseOwn(content)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("parseOwn(%q) = %q, %v", content, got, err)
		}
	}
	part := &Tree{group: "/docker/abc"}
	for path, want := range map[string]string{
		"/docker/abc/init": "/init", "/docker/abc": "/", "/docker/abcd/init": "", "/other": "",
	} {
		got, err := part.Beneath(path)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("beneath(%q) = %q, %v", path, got, err)
		}
	}
}
