package podman

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fsrun/fsrun/internal/engines/engine"
	"github.com/fsrun/fsrun/internal/harness"
)

// image is the name of the image for all containers here.
const image = "localhost/box"

// user is a user who runs Podman, given by the words before the command.
type user struct {
	name string
	as   []string
}

// asTester are the words with which root runs a command as the ordinary user.
var asTester = []string{
	"setpriv", "--reuid=1000", "--regid=1000", "--init-groups", "--reset-env",
	"env", "XDG_RUNTIME_DIR=" + testerRuntime,
}

// testerRuntime is where the ordinary user's programs keep their sockets and state.
const testerRuntime = "/run/user/1000"

var (
	root = user{name: "root", as: []string{"podman"}}
	// The ordinary user's cgroup is delegated, by systemd or as systemd would.
	tester = user{"tester", slices.Concat([]string{"sh", "-c", enterDelegated, "sh"}, asTester, []string{"podman"})}
	// Here the user has no cgroup.
	undelegated = user{"undelegated", slices.Concat(asTester, []string{"podman", "--cgroup-manager=cgroupfs"})}
)

// manager makes the cgroups.
var manager = "cgroupfs"

// delegated is the ordinary user's cgroup.
const delegated = "/sys/fs/cgroup/tester"

const enterDelegated = `echo $$ > ` + delegated + `/session/cgroup.procs && exec "$@"`

func TestMain(m *testing.M) { engine.Main(m, prepare) }

func prepare() error {
	file, session := "containers.conf", delegate
	if harness.UnderSystemd() {
		manager, file, session = "systemd", "systemd/containers.conf", linger
		tester.as = slices.Concat(asTester, []string{"podman"})
	}
	if err := engine.Configure(file, "/etc/containers/containers.conf"); err != nil {
		return err
	}
	// As udev does.
	if err := errors.Join(os.Chmod("/dev/net/tun", 0o666), session()); err != nil {
		return err
	}
	const archive = "/var/tmp/image.tar"
	if err := engine.Image(archive); err != nil {
		return err
	}
	for _, user := range []user{root, tester} {
		command := user.command("import", "--quiet", archive, image)
		if output, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("podman import as %s: %w: %s", user.name, err, output)
		}
	}
	return nil
}

// linger makes systemd keep a manager for the ordinary user, as if logged in.
func linger() error {
	if output, err := exec.Command("loginctl", "enable-linger", "tester").CombinedOutput(); err != nil {
		return fmt.Errorf("loginctl enable-linger: %w: %s", err, output)
	}
	for deadline := time.Now().Add(lingerTime); ; time.Sleep(300 * time.Millisecond) {
		_, err := os.Stat(testerRuntime + "/bus")
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// lingerTime is how long the user's manager may take until it answers.
const lingerTime = 2 * time.Minute

// delegate gives the ordinary user what a login would: a directory for state and a cgroup,
// with a leaf for the user's processes.
func delegate() error {
	err := errors.Join(os.MkdirAll(testerRuntime, 0o755), os.Chmod(testerRuntime, 0o700), os.Chown(testerRuntime, 1000, 1000), os.MkdirAll(delegated+"/session", 0o755))
	for _, name := range []string{"", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads", "/session", "/session/cgroup.procs"} {
		err = errors.Join(err, os.Chown(delegated+name, 1000, 1000))
	}
	return errors.Join(err, os.WriteFile(delegated+"/cgroup.subtree_control", []byte("+cpu +memory +pids"), 0))
}

func (u user) command(arguments ...string) []string {
	return append(append([]string(nil), u.as...), arguments...)
}

// runCommand returns podman run in the foreground, without a network unless the options say
// otherwise.
func (u user) runCommand(options []string, command ...string) []string {
	arguments := append([]string{"run", "--rm"}, networkless(options)...)
	return u.command(append(append(arguments, image), command...)...)
}

func (u user) run(t *testing.T, options []string, command ...string) string {
	t.Helper()
	return engine.Run(t, u.runCommand(options, command...)...)
}

// start starts a container in the background and removes it with the test.
func (u user) start(t *testing.T, options []string, command ...string) (name string) {
	t.Helper()
	name = strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-"))
	t.Cleanup(func() { engine.Run(t, u.command("rm", "--force", "--time=0", name)...) })
	arguments := append([]string{"run", "--detach", "--name", name}, networkless(options)...)
	engine.Run(t, u.command(append(append(arguments, image), command...)...)...)
	return name
}

func (u user) inspect(t *testing.T, name, template string) string {
	t.Helper()
	return engine.Run(t, u.command("inspect", "--format", template, name)...)
}

func networkless(options []string) []string {
	for _, option := range options {
		if strings.HasPrefix(option, "--network") || strings.HasPrefix(option, "--pod") {
			return options
		}
	}
	return append([]string{"--network=none"}, options...)
}

// everyUser runs a test as root and as an ordinary user.
func everyUser(t *testing.T, test func(*testing.T, user)) {
	engine.Need(t)
	for _, user := range []user{root, tester} {
		t.Run(user.name, func(t *testing.T) { test(t, user) })
	}
}
