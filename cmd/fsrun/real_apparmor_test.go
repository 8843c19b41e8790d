package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
)

const (
	profile  = "fsrun-test"
	confined = profile + " (enforce)"
)

func hasAppArmor() bool {
	enabled, err := os.ReadFile("/sys/module/apparmor/parameters/enabled")
	return err == nil && strings.HasPrefix(string(enabled), "Y")
}

// loadProfile loads a profile that allows everything except /denied. It is kept as source
// and as compiled by apparmor_parser(8).
func loadProfile(t *testing.T) {
	t.Helper()
	harness.Need(t, harness.Container...)
	if !hasAppArmor() {
		if harness.Guest() {
			t.Fatal("the guest's kernel has no AppArmor")
		}
		t.Skip("needs AppArmor: this kernel has it not, or not enabled")
	}
	policy, err := os.ReadFile("../../testdata/apparmor/fsrun-test.policy")
	must(t, err)
	securityfs := harness.Directory(t)
	must(t, unix.Mount("securityfs", securityfs, "securityfs", 0, ""))
	defer func() { must(t, unix.Unmount(securityfs, unix.MNT_DETACH)) }()
	loader, err := os.OpenFile(filepath.Join(securityfs, "apparmor/.replace"), os.O_WRONLY, 0)
	must(t, err)
	defer loader.Close()
	if _, err := loader.Write(policy); err != nil {
		t.Fatal("the profile cannot be loaded:", err)
	}
}

func profiled(spec *specs.Spec) {
	spec.Process.ApparmorProfile = profile
	spec.Root.Readonly = false
}

// reportProfile prints the profile, and whether it is enforced.
const reportProfile = "cat /proc/self/attr/current; mkdir -p /denied/x 2>/dev/null || echo denied"

// A profile applies to the program, to the hooks that run with its credentials, and to a
// process that joins with a profile of its own; with and without no_new_privs, and in a
// user namespace.
//
// SPEC: M-ACT-10
func TestAppArmorProfile(t *testing.T) {
	for name, edits := range map[string][]harness.Edit{
		"with no_new_privs":    nil,
		"without no_new_privs": {func(spec *specs.Spec) { spec.Process.NoNewPrivileges = false }},
		"as another user":      {func(spec *specs.Spec) { spec.Process.User = specs.User{UID: 1000, GID: 1000} }},
		"user namespace":       {harness.UserNamespace},
	} {
		t.Run(name, func(t *testing.T) {
			loadProfile(t)
			directory, bind := hookPlace(t)
			hook := withHook("startContainer", shellHook("cat /proc/self/attr/current > "+directory+"/hook"))
			c := newContainer(t, append([]harness.Edit{harness.Shell(reportProfile), profiled, bind, hook}, edits...)...)
			equal(t, "the init's", confined+"\ndenied", c.succeed())
			hooked, err := os.ReadFile(directory + "/hook")
			must(t, err)
			equal(t, "the hook's", confined, strings.TrimSpace(string(hooked)))
			c = newContainer(t, append([]harness.Edit{harness.Args("/bin/sleep", "1000"), profiled}, edits...)...)
			c.start()
			exec := func(profile string) string {
				return strings.TrimSpace(c.exec(&specs.Process{Args: []string{"/bin/cat", "/proc/self/attr/current"}, Cwd: "/", ApparmorProfile: profile, NoNewPrivileges: true}))
			}
			equal(t, "an exec's", confined, exec(profile))
			equal(t, "an exec's without one", "unconfined", exec(""))
			equal(t, "an exec's that asks for none", "unconfined", exec("unconfined"))
		})
	}
}

func TestAppArmorProfileThatIsNotLoaded(t *testing.T) {
	loadProfile(t)
	c := newContainer(t, harness.Args("/bin/true"), func(spec *specs.Spec) { spec.Process.ApparmorProfile = "no-such-profile" })
	err := c.refuse()
	for _, words := range []string{"process.apparmorProfile", "no-such-profile", "no such file"} {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("%q does not say %q", err, words)
		}
	}
}

// A label that the kernel cannot apply is refused before anything is made.
func TestLabelsWithoutTheirModule(t *testing.T) {
	for place, edit := range map[string]harness.Edit{
		"process.apparmorProfile": func(spec *specs.Spec) { spec.Process.ApparmorProfile = profile },
		"process.selinuxLabel":    func(spec *specs.Spec) { spec.Process.SelinuxLabel = "system_u:system_r:container_t:s0" },
		"linux.mountLabel":        func(spec *specs.Spec) { spec.Linux.MountLabel = "system_u:object_r:container_file_t:s0" },
	} {
		if place == "process.apparmorProfile" && hasAppArmor() {
			continue
		}
		err := newContainer(t, harness.Args("/bin/true"), edit).refuse()
		if !strings.Contains(err.Error(), place) || !strings.Contains(err.Error(), "is not enabled in this kernel") {
			t.Errorf("%s: %v", place, err)
		}
	}
	newContainer(t, harness.Args("/bin/true"), func(spec *specs.Spec) { spec.Process.ApparmorProfile = "unconfined" }).succeed()
}
