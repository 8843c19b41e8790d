package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol/machine"
)

// pidOf returns the process that a pidfd refers to (pidfd_open(2)).
func pidOf(t *testing.T, pidfd *os.File) int {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", pidfd.Fd()))
	must(t, err)
	for line := range strings.Lines(string(content)) {
		var pid int
		if _, err := fmt.Sscanf(line, "Pid: %d", &pid); err == nil {
			return pid
		}
	}
	t.Fatalf("it is no pidfd: %s", content)
	return 0
}

func TestPIDFDSockets(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/sleep", "1000"))
	socket := harness.ListenConsole(t)
	c.PIDFDSocket = socket.Path
	c.create()
	equal(t, "the init", c.record().Init.PID, pidOf(t, socket.Master()))

	c.connect()
	running, err := parent.Exec(parent.ExecOptions{StateRoot: c.StateRoot, ID: c.ID, Stdio: c.Stdio, PIDFDSocket: socket.Path,
		Process: &specs.Process{Args: []string{"/bin/sleep", "1000"}, Cwd: "/"}})
	must(t, err)
	equal(t, "the process that joined", running.PID(), pidOf(t, socket.Master()))
	_, err = running.Terminate()
	must(t, err)
}

func TestPIDFDSocketThatNobodyServes(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/true"))
	c.PIDFDSocket = filepath.Join(t.TempDir(), "nobody")
	if err := c.refuse(); !strings.Contains(err.Error(), "pidfd socket") || !errors.Is(err, os.ErrNotExist) && !strings.Contains(err.Error(), "no such file") {
		t.Errorf("the error is %v", err)
	}
}

// A process joins where it is told to, beneath the container's cgroup and nowhere else.
//
// CLASS: V14
func TestExecIntoASubgroup(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/sleep", "1000"))
	c.start()
	cgroup := c.record().Cgroup
	must(t, os.MkdirAll(cgroup+"/sub/inner", 0o755))
	sibling := cgroup + "-evil"
	must(t, os.Mkdir(sibling, 0o755))
	t.Cleanup(func() { must(t, os.Remove(sibling)) })

	for asked, want := range map[string]string{"": "", "/": "", "sub": "/sub", "/sub/": "/sub", "sub/inner": "/sub/inner"} {
		c.connect()
		running, err := parent.Exec(parent.ExecOptions{StateRoot: c.StateRoot, ID: c.ID, Stdio: c.Stdio, Cgroup: asked,
			Process: &specs.Process{Args: []string{"/bin/sleep", "1000"}, Cwd: "/"}})
		must(t, err)
		content, err := os.ReadFile(cgroup + want + "/cgroup.procs")
		must(t, err)
		if !strings.Contains("\n"+string(content), fmt.Sprintf("\n%d\n", running.PID())) {
			t.Errorf("%q: the process is not in %q", asked, want)
		}
		_, err = running.Terminate()
		must(t, err)
	}
	for _, asked := range []string{"..", "../" + filepath.Base(sibling), "sub/../..", "nosuch", "/" + filepath.Base(sibling), "sub//inner", ".", "-evil"} {
		_, err := parent.Exec(parent.ExecOptions{StateRoot: c.StateRoot, ID: c.ID, Stdio: c.Stdio, Cgroup: asked,
			Process: &specs.Process{Args: []string{"/bin/true"}, Cwd: "/"}})
		if err == nil || !strings.Contains(err.Error(), "allowed: the path of a group beneath the container's") {
			t.Errorf("%q: %v", asked, err)
		}
	}
}

// In a container that has moved its init and hands down a controller, a process joins the
// init's cgroup.
func TestExecFollowsTheInit(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/sleep", "1000"))
	harness.Need(t, harness.Controller("pids"))
	c.start()
	record := c.record()
	must(t, os.Mkdir(record.Cgroup+"/init", 0o755))
	must(t, os.WriteFile(record.Cgroup+"/init/cgroup.procs", fmt.Append(nil, record.Init.PID), 0))
	must(t, os.WriteFile(record.Cgroup+"/cgroup.subtree_control", []byte("+pids"), 0))
	got := c.exec(&specs.Process{Args: []string{"/bin/cat", "/proc/self/cgroup"}, Cwd: "/"})
	if !strings.HasSuffix(got, "/init") {
		t.Errorf("the process is in %q", got)
	}
}

// What the program writes to the socket reaches the service manager's.
func TestNotifySocket(t *testing.T) {
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(harness.Directory(t), "notify"), Net: "unixgram"})
	must(t, err)
	t.Cleanup(func() { manager.Close() })
	for name, edits := range map[string][]harness.Edit{"plain": nil, "user namespace": {harness.UserNamespace}, "read-only root": {readOnlyRoot}} {
		t.Run(name, func(t *testing.T) {
			c := newContainer(t, append(edits, harness.Shell("echo $NOTIFY_SOCKET; test -S $NOTIFY_SOCKET && ls -l /run/notify"))...)
			c.Activation.Notify = manager.LocalAddr().String()
			if out := c.succeed(); !strings.HasPrefix(out, "/run/notify/notify.sock\n") {
				t.Errorf("the program sees %q", out)
			}
		})
	}
}

func readOnlyRoot(spec *specs.Spec) { spec.Root.Readonly = true }

// The init of a PID namespace stays until every process in it has been reaped, which is up
// to somebody else. The container counts as ended all the same.
func TestEndWithAProcessThatNobodyReaps(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/sleep", "1000"))
	c.start()
	c.connect()
	running, err := parent.Exec(parent.ExecOptions{StateRoot: c.StateRoot, ID: c.ID, Stdio: c.Stdio,
		Process: &specs.Process{Args: []string{"/bin/sleep", "1000"}, Cwd: "/"}})
	must(t, err)
	must(t, parent.Kill(c.StateRoot, c.ID, unix.SIGKILL, false))
	waitForStatus(c, state.Stopped)
	began := time.Now()
	must(t, parent.Delete(c.StateRoot, c.ID, false))
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("delete took %s", took)
	}
	_, err = running.Wait()
	must(t, err)
}

// With the flag, a process joins a paused container and runs once that is resumed.
func TestExecIntoAPausedContainer(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/sleep", "1000"))
	c.start()
	must(t, parent.Pause(c.StateRoot, c.ID))
	c.connect()
	type result struct {
		running *parent.Running
		err     error
	}
	joined := make(chan result, 1)
	go func() {
		running, err := parent.Exec(parent.ExecOptions{StateRoot: c.StateRoot, ID: c.ID, Stdio: c.Stdio, IgnorePaused: true,
			Process: &specs.Process{Args: []string{"/bin/echo", "resumed"}, Cwd: "/"}})
		joined <- result{running, err}
	}()
	select {
	case got := <-joined:
		t.Fatalf("the program ran in a paused container: %v", got.err)
	case <-time.After(300 * time.Millisecond):
	}
	must(t, parent.Resume(c.StateRoot, c.ID))
	got := <-joined
	must(t, got.err)
	equal(t, "status", 0, c.wait(got.running).ExitStatus())
	equal(t, "output", "resumed\n", c.stdout.String())
}

// A cgroup in which a container could not start is refused by name, before anything is
// made.
func TestCgroupThatIsUnfit(t *testing.T) {
	harness.Need(t, harness.Container...)
	for name, unfit := range map[string]func(t *testing.T, cgroup string){
		"is frozen": func(t *testing.T, cgroup string) {
			must(t, os.WriteFile(cgroup+"/cgroup.freeze", []byte("1"), 0))
		},
		"is not empty: it has the processes ": func(t *testing.T, cgroup string) {
			command := exec.Command("sleep", "1000")
			must(t, command.Start())
			t.Cleanup(func() {
				_ = command.Process.Kill()
				_ = command.Wait()
			})
			must(t, os.WriteFile(cgroup+"/cgroup.procs", fmt.Append(nil, command.Process.Pid), 0))
		},
	} {
		for _, above := range []bool{false, true} {
			if above && name != "is frozen" {
				continue
			}
			t.Run(fmt.Sprint(name, above), func(t *testing.T) {
				top := harness.Slice() + "-unfit"
				directory := harness.CgroupMount + top
				must(t, os.Mkdir(directory, 0o755))
				t.Cleanup(func() {
					for end := time.Now().Add(2 * time.Second); os.Remove(directory) != nil && time.Now().Before(end); {
						time.Sleep(5 * time.Millisecond)
					}
				})
				unfit(t, directory)
				path := top
				if above {
					path += "/container"
				}
				c := newContainer(t, harness.Args("/bin/true"), func(spec *specs.Spec) { spec.Linux.CgroupsPath = path })
				if err := c.refuse(); !strings.Contains(err.Error(), "the cgroup "+directory+" "+name) {
					t.Errorf("the error is %q", err)
				}
			})
		}
	}
}

// Containers that overlap leave nothing of the group that they share, whichever of them
// made it.
func TestOverlappingContainersLeaveNoSlice(t *testing.T) {
	if !harness.Guest() {
		t.Skip("guest only: others on this machine may have containers there")
	}
	at := func(relative string) *container {
		return newContainer(t, harness.Args("/bin/sleep", "1000"), func(spec *specs.Spec) { spec.Linux.CgroupsPath = relative })
	}
	first, second := at("overlaps-first"), at("overlaps-second")
	for _, c := range []*container{first, second} {
		must(t, newCaller(t, request{Verb: "create", StateRoot: c.StateRoot, ID: c.ID, Bundle: c.Bundle}).Run())
	}
	must(t, parent.Delete(first.StateRoot, first.ID, true))
	slice := filepath.Dir(second.record().Cgroup)
	if _, err := os.Stat(slice); err != nil {
		t.Error(err)
	}
	must(t, parent.Delete(second.StateRoot, second.ID, true))
	if _, err := os.Stat(slice); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", slice, err)
	}
}

// For a host whose root cannot be pivoted the root is moved instead; the container
// sees the same.
// TestCreatedWhileItIsAnnounced: whoever is told of a created container finds it created,
// even before create has ended.
func TestCreatedWhileItIsAnnounced(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/true"))
	var seen state.Status
	c.Observe = func(step machine.Step) {
		if step.Row != nil && step.Row.To == parentmachine.Releasing { // it is announced next
			seen = c.status()
		}
	}
	c.create()
	equal(t, "status", state.Created, seen)
	must(t, c.startNow())
}

func TestWithoutPivot(t *testing.T) {
	roots := map[bool]string{}
	for _, without := range []bool{false, true} {
		c := newContainer(t, harness.Shell("ls / && grep -c . /proc/self/mountinfo && ls -id / /.. | cut -d/ -f1 | sort -u | grep -c ."))
		c.NoPivot = without
		roots[without] = c.succeed()
	}
	equal(t, "what the container sees", roots[false], roots[true])
}

// The caller's session keyring is kept if that is asked for.
func TestKeptSessionKeyring(t *testing.T) {
	runtime.LockOSThread() // the owner of the keyring; the thread ends with the test
	const name = "kept-by-the-caller"
	_, err := unix.KeyctlJoinSessionKeyring(name)
	must(t, err)
	for _, keep := range []bool{false, true} {
		c := newContainer(t, harness.Probing(t))
		c.NoNewKeyring = keep
		if got := c.probe().Keyring; strings.HasSuffix(got, ";"+name) != keep {
			t.Errorf("keep %v: the program's keyring is %q", keep, got)
		}
	}
}
