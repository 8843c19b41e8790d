package resctrl

import (
	"errors"
	"strings"
	"testing"
)

func TestMountPoint(t *testing.T) {
	const others = "22 1 0:21 / /proc rw - proc proc rw\n23 1 0:22 / /resctrl rw - tmpfs resctrl rw\n"
	for _, test := range []struct{ mountinfo, want string }{
		{others, ""},
		{others + "30 22 0:40 / /sys/fs/resctrl rw,relatime - resctrl resctrl rw\n", "/sys/fs/resctrl"},
		{others + "30 22 0:40 / /a rw shared:1 master:2 - resctrl none rw,cdp\n31 22 0:40 / /with\\040space rw - resctrl none rw\n" + others, "/with space"},
	} {
		got, err := mountPoint(strings.NewReader(test.mountinfo))
		if got != test.want || errors.Is(err, ErrNotMounted) != (test.want == "") {
			t.Errorf("%q, %v; want %q", got, err, test.want)
		}
	}
}

// TestCheck: what is mounted over the file system is not mistaken for it.
func TestCheck(t *testing.T) {
	if err := check("/proc"); err == nil || !strings.Contains(err.Error(), "/proc is not resctrl") {
		t.Errorf("%v", err)
	}
}
