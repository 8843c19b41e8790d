package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
)

const (
	// patience is how long a command may take. If a limit is too small, some never end.
	patience = time.Minute

	// manyPids is a pids limit that no trial comes close to.
	manyPids = 1 << 15

	trialID    = "smallest"
	trialGroup = "/bench-smallest"
)

// trial starts a bundle under limits.
type trial struct {
	*contestant
	verb   verb
	bundle string
}

// verb is a way to start a program.
type verb struct {
	name string
	// program is the container's own program.
	program string
	// others is how many processes the container already has.
	others int64
	// prepare is called once per limit, start for every start.
	prepare, start func(*trial) error
}

var verbs = []verb{
	{"run", exitProgram, 0, nothing, (*trial).run},
	{"create", pauseProgram, 0, nothing, (*trial).createAndStart},
	{"exec", pauseProgram, 1, (*trial).begin, (*trial).exec},
}

func nothing(*trial) error { return nil }

// succeed reports whether the bundle starts that many times in a row under the limits; a
// limit of 0 means none. An error means that this could not be determined.
func (t *trial) succeed(pids, memory int64, times int) (good bool, err error) {
	if err := t.limit(pids+t.verb.others, memory); err != nil {
		return false, err
	}
	if t.name == bare {
		return t.executes(pids, memory, times)
	}
	defer func() { err = errors.Join(err, t.clear()) }()
	if t.verb.prepare(t) != nil {
		return false, nil
	}
	for range times {
		if t.verb.start(t) != nil {
			return false, nil
		}
	}
	return true, nil
}

// limit writes the limits into the bundle.
func (t *trial) limit(pids, memory int64) error {
	name := filepath.Join(t.bundle, bundle.ConfigName)
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	spec := new(specs.Spec)
	if err := json.Unmarshal(content, spec); err != nil {
		return err
	}
	spec.Process.Args = []string{t.verb.program}
	spec.Linux.CgroupsPath = trialGroup
	spec.Linux.Resources.Pids, spec.Linux.Resources.Memory = &specs.LinuxPids{Limit: &pids}, nil
	if memory > 0 {
		spec.Linux.Resources.Memory = &specs.LinuxMemory{Limit: &memory}
	}
	if content, err = json.Marshal(spec); err != nil {
		return err
	}
	return os.WriteFile(name, content, 0o644)
}

func (t *trial) run() error { return t.do("run", "--bundle", t.bundle, trialID) }

func (t *trial) exec() error { return t.do("exec", trialID, exitProgram) }

// createAndStart starts the container's program and kills it.
func (t *trial) createAndStart() error {
	if err := t.begin(); err != nil {
		return err
	}
	defer reap()
	return t.do("delete", "--force", trialID)
}

// begin creates and starts a container. It then checks that the program was executed,
// because in some runtimes start succeeds before that.
func (t *trial) begin() error {
	if err := t.create(); err != nil {
		return err
	}
	if err := t.do("start", trialID); err != nil {
		return err
	}
	content, err := os.ReadFile(t.pidFile())
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile("/proc/" + strings.TrimSpace(string(content)) + "/stat")
		switch {
		case err != nil:
			return err
		case strings.Contains(string(stat), ") Z "):
			return errors.New("it has died")
		case strings.Contains(string(stat), "("+pauseProgram[1:]+")"):
			return nil
		}
	}
	return errors.New("the program was not executed")
}

func (t *trial) create() error {
	return t.do("create", "--bundle", t.bundle, "--pid-file", t.pidFile(), trialID)
}

func (t *trial) pidFile() string { return t.root + ".pid" }

// created returns what the cgroup is charged for between create and start.
func (t *trial) created(pids, memory int64) (c *charge, err error) {
	if err := t.limit(pids, memory); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.clear()) }()
	if err := t.create(); err != nil {
		return nil, err
	}
	c = new(charge)
	for name, to := range map[string]*int64{"memory.current": &c.Current, "memory.peak": &c.Peak} {
		content, err := os.ReadFile(cgroupMount + trialGroup + "/" + name)
		if err != nil {
			return nil, err
		}
		if *to, err = strconv.ParseInt(strings.TrimSpace(string(content)), 10, 64); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// do runs a command of the runtime, without pipes, because a created container keeps what
// it inherits.
func (t *trial) do(arguments ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	words := t.command(arguments...)
	return exec.CommandContext(ctx, words[0], words[1:]...).Run()
}

// clear removes what a trial has left behind: a failed runtime's leftovers would make the
// next trial fail.
func (t *trial) clear() error {
	_ = t.do("delete", "--force", trialID) // it may not exist
	return t.clearGroup()
}

// clearGroup kills all processes in the cgroup and removes it.
func (t *trial) clearGroup() error {
	group := cgroupMount + trialGroup
	_ = os.WriteFile(group+"/cgroup.kill", []byte("1"), 0) // it usually no longer exists
	for deadline := time.Now().Add(patience); reap(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			return errors.New("a process that is left does not end")
		}
	}
	if err := unix.Rmdir(group); err != nil && !errors.Is(err, unix.ENOENT) {
		return &os.PathError{Op: "rmdir", Path: group, Err: err}
	}
	return nil
}

// reap waits for adopted processes that have ended, and reports whether there are others.
func reap() bool {
	for {
		pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return false
		}
		if pid == 0 && err == nil {
			return true
		}
	}
}

// executes has a shell enter a cgroup with the limits and execute the program.
func (t *trial) executes(pids, memory int64, times int) (good bool, err error) {
	group := cgroupMount + trialGroup
	if err := os.Mkdir(group, 0o755); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, t.clearGroup()) }()
	for name, limit := range map[string]int64{"pids.max": pids, "memory.max": memory} {
		if limit == 0 {
			continue
		}
		if err := os.WriteFile(filepath.Join(group, name), []byte(fmt.Sprint(limit)), 0); err != nil {
			return false, err
		}
	}
	for range times {
		script := "echo 0 > " + group + "/cgroup.procs; exec " + t.bundle + "/rootfs" + exitProgram
		if exec.Command("/bin/sh", "-c", script).Run() != nil {
			return false, nil
		}
	}
	return true, nil
}
