package cgroupv2

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func init() {
	roles["find"] = func() {
		tree, err := Find()
		if err != nil {
			_, _ = os.Stdout.WriteString("error " + err.Error())
			os.Exit(3)
		}
		own, err := tree.Own()
		if err != nil {
			own = "error " + err.Error()
		}
		_, _ = os.Stdout.WriteString(tree.Mount() + " " + own)
	}
}

// findAfter runs Find in a new mount namespace (and other new ones) after shell commands
// have arranged the mounts.
func findAfter(t *testing.T, script string, flags uintptr) string {
	t.Helper()
	if os.Geteuid() != 0 {
		absent(t, "a mount namespace needs root here")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("sh", "-ec", script+"\nexec "+self)
	command.Env = []string{roleVariable + "=find", "PATH=" + os.Getenv("PATH")}
	command.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS | flags, Pdeathsig: syscall.SIGKILL}
	var stderr strings.Builder
	command.Stderr = &stderr
	output, err := command.Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 3) {
		t.Fatalf("%s: %v: %s", script, err, stderr.String())
	}
	return string(output)
}

func TestFind(t *testing.T) {
	tree := openTree(t)
	dir := t.TempDir()
	own, err := tree.Own()
	if err != nil {
		t.Fatal(err)
	}
	g := create(t, tree, base(t), Limits{})
	// Only bound, never mounted again: that could change the options of the host's mount.
	const bare = "umount -l /sys/fs/cgroup\n"
	bind := func(from, to string) string {
		return "mkdir -p '" + to + "'; mount --bind '" + from + "' '" + to + "'\n"
	}
	kept := bind(tree.Mount(), dir+"/kept") + "mount -t tmpfs none /sys/fs/cgroup\n"
	drop := "umount " + dir + "/kept\n"
	for name, test := range map[string]struct {
		script string
		flags  uintptr
		want   string
	}{
		"at the usual place":  {kept + bind(dir+"/kept", unifiedMount) + drop, 0, unifiedMount + " " + own},
		"beside cgroup v1":    {kept + bind(dir+"/kept", hybridMount) + drop, 0, hybridMount + " " + own},
		"elsewhere":           {bind(tree.Mount(), dir+"/a b") + bare, 0, dir + "/a b " + own},
		"under another mount": {kept, 0, dir + "/kept " + own},
		"a part of the tree": {"mkdir " + g.Dir() + "/in\necho $$ > " + g.Dir() + "/in/cgroup.procs\n" + bind(g.Dir(), dir+"/part") + bare,
			0, dir + "/part /in"},
		"in a cgroup namespace": {bind(tree.Mount()+own, dir+"/own") + bare, syscall.CLONE_NEWCGROUP, dir + "/own /"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := findAfter(t, test.script, test.flags); got != test.want {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
	t.Run("nowhere", func(t *testing.T) {
		got := findAfter(t, bare, 0)
		if !strings.Contains(got, ErrNotMounted.Error()) || !strings.Contains(got, "mount -t cgroup2") {
			t.Errorf("found %q, want an error with a remedy", got)
		}
	})
}
