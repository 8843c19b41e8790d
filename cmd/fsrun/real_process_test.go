package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
)

func TestProcessProperties(t *testing.T) {
	umask, score := uint32(0o027), 500
	report := newContainer(t, harness.Probing(t, "/proc/sys/net/ipv4/ip_forward", "/proc/sys/kernel/msgmax", "/made/for/cwd"), func(spec *specs.Spec) {
		spec.Hostname, spec.Domainname = "host", "domain"
		spec.Root.Readonly = false
		spec.Process.User = specs.User{UID: 1000, GID: 1001, AdditionalGids: []uint32{5, 2000, 4000000000}, Umask: &umask}
		spec.Process.Cwd = "/made/for/cwd"
		spec.Process.Env = []string{"A=1", "A=2", "EMPTY=", "MANY=a b\tc\nd"}
		spec.Process.OOMScoreAdj = &score
		spec.Process.NoNewPrivileges = false
		spec.Process.Rlimits = []specs.POSIXRlimit{
			{Type: "RLIMIT_NOFILE", Soft: 100, Hard: 200}, {Type: "RLIMIT_CORE", Soft: 1, Hard: 2}, {Type: "RLIMIT_FSIZE", Soft: 1 << 20, Hard: 1 << 30},
		}
		spec.Linux.Sysctl = map[string]string{"net.ipv4.ip_forward": "1", "kernel.msgmax": "4096"}
	}).probe()
	equal(t, "hostname", "host", report.Hostname)
	equal(t, "domainname", "domain", report.Domainname)
	equal(t, "ids", []int{1000, 1001, 0o027}, []int{report.UID, report.GID, report.Umask})
	equal(t, "all uids", "1000\t1000\t1000\t1000", report.Status["Uid"])
	equal(t, "all gids", "1001\t1001\t1001\t1001", report.Status["Gid"])
	equal(t, "groups", "5 2000 4000000000", report.Status["Groups"])
	equal(t, "cwd", "/made/for/cwd", report.Cwd)
	equal(t, "env", []string{"A=2", "EMPTY=", "MANY=a b\tc\nd", "HOME=/home"}, report.Env)
	equal(t, "oom_score_adj", "500", report.OOMScore)
	equal(t, "no_new_privs", "0", report.Status["NoNewPrivs"])
	equal(t, "RLIMIT_NOFILE", [2]uint64{100, 200}, report.Rlimits["RLIMIT_NOFILE"])
	equal(t, "RLIMIT_CORE", [2]uint64{1, 2}, report.Rlimits["RLIMIT_CORE"])
	equal(t, "RLIMIT_FSIZE", [2]uint64{1 << 20, 1 << 30}, report.Rlimits["RLIMIT_FSIZE"])
	equal(t, "ip_forward", "1\n", report.Files["/proc/sys/net/ipv4/ip_forward"].Content)
	equal(t, "msgmax", "4096\n", report.Files["/proc/sys/kernel/msgmax"].Content)
}

func TestSessionKeyring(t *testing.T) {
	if _, err := unix.KeyctlJoinSessionKeyring("caller"); err != nil {
		t.Fatal(err)
	}
	fresh := newContainer(t, harness.Probing(t))
	if got := fresh.probe().Keyring; !strings.Contains(got, fresh.ID) {
		t.Errorf("the session keyring is %q, not the container's own", got)
	}
}

// TestSessionKeyringOfExec: a process that joins does not get the caller's keys either,
// unless the container was created to have them.
func TestSessionKeyringOfExec(t *testing.T) {
	runtime.LockOSThread() // the owner of the keyring; the thread ends with the test
	const name = "keys-of-the-caller"
	_, err := unix.KeyctlJoinSessionKeyring(name)
	must(t, err)
	for _, keep := range []bool{false, true} {
		c := newContainer(t, harness.Probing(t), harness.Args("/bin/sleep", "1000"))
		c.NoNewKeyring = keep
		c.start()
		report := parseReport(t, c.exec(&specs.Process{Args: []string{harness.ProbePath}, Cwd: "/"}))
		if strings.HasSuffix(report.Keyring, ";"+name) != keep {
			t.Errorf("keep %v: the program's keyring is %q", keep, report.Keyring)
		}
	}
}

// TestSessionKeyringIsNew: another container of the same user knows the ID and has made a
// keyring with the name that this one's would have, which everybody may search.
//
// SPEC: M-OP-11
func TestSessionKeyringIsNew(t *testing.T) {
	runtime.LockOSThread() // the keyring belongs to the thread, which ends with the test
	const everything = 0x3f3f3f3f
	c := newContainer(t, harness.Probing(t))
	planted, err := unix.KeyctlJoinSessionKeyring("_ses." + c.ID)
	must(t, err)
	must(t, unix.KeyctlSetperm(planted, everything))
	if keyring := c.probe().Keyring; !strings.Contains(keyring, c.ID) || strings.Contains(keyring, fmt.Sprintf(";%x;", everything)) {
		t.Errorf("the session keyring is %q", keyring)
	}
}

// Standard descriptors belong to the container's root user, so that a program can reopen
// /dev/stdout.
func TestStdioCanBeReopened(t *testing.T) {
	for name, edit := range map[string]harness.Edit{
		"root": func(*specs.Spec) {}, "user namespace": harness.UserNamespace,
	} {
		t.Run(name, func(t *testing.T) {
			c := newContainer(t, harness.Shell("echo out > /dev/stdout; echo err > /dev/stderr"), edit)
			c.run()
			equal(t, "standard output", "out\n", c.stdout.String())
			equal(t, "standard error", "err\n", c.stderr.String())
		})
	}
}

func TestStandardInput(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/cat"))
	read, write, err := os.Pipe()
	must(t, err)
	t.Cleanup(func() { read.Close() })
	c.input = read
	_, err = write.WriteString("through")
	must(t, err)
	must(t, write.Close())
	equal(t, "output", "through", c.succeed())
}

func TestExitStatus(t *testing.T) {
	c := newContainer(t, harness.Shell("exit 42"))
	equal(t, "status", 42, c.run().ExitStatus())
	c = newContainer(t, harness.Without(specs.PIDNamespace), harness.Shell("kill -9 $$"))
	equal(t, "signal", unix.SIGKILL, c.run().Signal())
}

func TestExecSeesTheContainer(t *testing.T) {
	for name, edit := range map[string]harness.Edit{"plain": func(*specs.Spec) {}, "user namespace": harness.UserNamespace} {
		t.Run(name, func(t *testing.T) {
			c := newContainer(t, harness.Probing(t), harness.Args("/bin/sleep", "1000"), edit)
			c.start()
			process := &specs.Process{
				Args: []string{harness.ProbePath, "/proc/1/cmdline"}, Cwd: "/tmp", Env: []string{"IN=exec"}, NoNewPrivileges: true,
				User:         specs.User{UID: 1000, GID: 1000},
				Capabilities: &specs.LinuxCapabilities{Bounding: []string{"CAP_KILL"}},
			}
			report := parseReport(t, c.exec(process))
			equal(t, "cwd", "/tmp", report.Cwd)
			equal(t, "env", []string{"IN=exec", "HOME=/home"}, report.Env)
			equal(t, "ids", []int{1000, 1000}, []int{report.UID, report.GID})
			equal(t, "process 1", "/bin/sleep\x001000\x00", report.Files["/proc/1/cmdline"].Content)
			equal(t, "capabilities", []string{
				"0000000000000020", "0000000000000000", "0000000000000000", "0000000000000000", "0000000000000000",
			}, capabilities(report.Status))
			for name, theirs := range initNamespaces(t, c) {
				equal(t, name, theirs, report.Namespaces[name])
			}
			var numbers int
			for range report.FDs {
				numbers++
			}
			equal(t, "descriptors", 3, numbers)
		})
	}
}

// initNamespaces are those of the container's init as seen by us.
func initNamespaces(t *testing.T, c *container) map[string]string {
	t.Helper()
	inspected, err := parent.Inspect(c.StateRoot, c.ID)
	must(t, err)
	found := map[string]string{}
	for name, path := range inspected.Namespaces {
		link, err := os.Readlink(path)
		must(t, err)
		found[strings.NewReplacer("mount", "mnt", "network", "net").Replace(name)] = link
	}
	return found
}

// A container in a user namespace, whose root user may not raise a hard limit, still gets
// one above the caller's own.
func TestRlimitAboveTheCallers(t *testing.T) {
	harness.Need(t, harness.Container...)
	header, held := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, [2]unix.CapUserData{}
	must(t, unix.Capget(&header, &held[0]))
	if held[0].Effective&(1<<unix.CAP_SYS_RESOURCE) == 0 {
		if harness.Guest() {
			t.Fatal("the guest's root user lacks CAP_SYS_RESOURCE")
		}
		t.Skip("needs CAP_SYS_RESOURCE: this machine's root user may raise no limit")
	}
	var before unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_MSGQUEUE, &before))
	must(t, unix.Setrlimit(unix.RLIMIT_MSGQUEUE, &unix.Rlimit{Cur: 1000, Max: 2000}))
	defer func() { must(t, unix.Setrlimit(unix.RLIMIT_MSGQUEUE, &before)) }()
	limits := []specs.POSIXRlimit{{Type: "RLIMIT_MSGQUEUE", Soft: 3000, Hard: 4000}}
	for name, edit := range map[string]harness.Edit{"plain": func(*specs.Spec) {}, "user namespace": harness.UserNamespace} {
		t.Run(name, func(t *testing.T) {
			read := func(text string) string {
				for line := range strings.Lines(text) {
					if strings.HasPrefix(line, "Max msgqueue size") {
						return strings.Join(strings.Fields(line)[3:5], " ")
					}
				}
				return text
			}
			c := newContainer(t, harness.Args("/bin/cat", "/proc/self/limits"), edit, func(spec *specs.Spec) { spec.Process.Rlimits = limits })
			equal(t, "the init's", "3000 4000", read(c.succeed()))
			c = newContainer(t, harness.Args("/bin/sleep", "1000"), edit)
			c.start()
			process := &specs.Process{Args: []string{"/bin/cat", "/proc/self/limits"}, Cwd: "/", Rlimits: limits}
			equal(t, "an exec's", "3000 4000", read(c.exec(process)))
		})
	}
}
