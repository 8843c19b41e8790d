package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2/devfilter"
	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// denyDevices has a device program attached.
func denyDevices(spec *specs.Spec) {
	spec.Linux.Resources.Devices = []specs.LinuxDeviceCgroup{{Allow: false, Access: "rwm"}}
}

func programs(t *testing.T, cgroup string) []uint32 {
	t.Helper()
	directory, err := os.Open(cgroup)
	must(t, err)
	defer directory.Close()
	attached, err := devfilter.Query(int(directory.Fd()))
	must(t, err)
	var ids []uint32
	for _, program := range attached {
		ids = append(ids, program.ID)
	}
	return ids
}

// What Committed says stands in the kernel when it is sent, with the child in its
// cgroup, and still when the program runs.
//
// SPEC: M-COM-1
// SPEC: M-COM-2
// SPEC: M-COM-4
// SPEC: M-COM-5
// SPEC: M-TRUST-6
func TestCommittedTellsWhatStands(t *testing.T) {
	var limits []harness.Edit
	if harness.Guest() {
		limits = append(limits, harness.Pids(7), harness.Memory(8<<20)) // a limit that makes the child move at Ready
	}
	c := newContainer(t, append(limits, denyDevices, harness.Args("/bin/sleep", "1000"))...)
	var committed *protocol.Committed
	check := func() {
		cgroup := "/sys/fs/cgroup" + committed.Cgroup
		for _, limit := range committed.Limits {
			content, err := os.ReadFile(filepath.Join(cgroup, limit.Name))
			must(t, err)
			equal(t, limit.Name, strings.TrimSpace(limit.Value), strings.TrimSpace(string(content)))
		}
		equal(t, "device programs", fmt.Sprint(committed.Programs), fmt.Sprint(programs(t, cgroup)))
		procs, err := os.ReadFile(cgroup + "/cgroup.procs")
		must(t, err)
		if len(strings.Fields(string(procs))) != 1 {
			t.Errorf("processes in the cgroup: %q", procs)
		}
	}
	c.Observe = func(step machine.Step) {
		if frame, is := step.Frame.(*protocol.Committed); is && step.Sent {
			committed = frame
			check()
		}
	}
	c.start()
	if len(committed.Programs) != 1 || harness.Guest() && len(committed.Limits) < 2 {
		t.Errorf("Committed: %+v", committed)
	}
	check()
}

// SPEC: M-COM-3
func TestLimitThatTheKernelRefuses(t *testing.T) {
	c := newContainer(t, func(spec *specs.Spec) {
		spec.Linux.Resources.Unified = map[string]string{"cgroup.max.depth": "deep"}
	})
	var fault *protocol.Fault
	if err := c.refuse(); !errors.As(err, &fault) || fault.Code != protocol.CodeCommit || fault.State != "committing" {
		t.Errorf("error %v, fault %+v", err, fault)
	}
}

// SPEC: M-COM-6
func TestExecAtThePidsLimit(t *testing.T) {
	harness.Need(t, append(harness.Container, harness.Controller("pids"))...)
	c := newContainer(t, harness.Pids(1), harness.Args("/bin/sleep", "1000"))
	c.start()
	_, err := parent.Exec(parent.ExecOptions{
		StateRoot: c.StateRoot, ID: c.ID, Stdio: c.Stdio,
		Process: &specs.Process{Args: []string{"/bin/true"}, Cwd: "/"},
	})
	var fault *protocol.Fault
	if !errors.As(err, &fault) || fault.Code != protocol.CodeCommit || !strings.Contains(fault.Error(), "pids limit: 1 of 1") {
		t.Errorf("error %v", err)
	}
}

// SPEC: M-DET-1
// CLASS: V16
func TestStartSocketIsTheOwnersAlone(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/true"))
	c.create()
	directory := filepath.Join(c.StateRoot, c.ID)
	var stat unix.Stat_t
	must(t, unix.Stat(directory, &stat))
	if stat.Mode&0o077 != 0 {
		t.Errorf("%s has mode %o", directory, stat.Mode&0o777)
	}
	must(t, unix.Stat(filepath.Join(directory, "start"), &stat))
	if stat.Mode&unix.S_IFMT != unix.S_IFSOCK {
		t.Errorf("start has mode %o", stat.Mode)
	}
	sockets, err := os.ReadFile("/proc/net/unix")
	must(t, err)
	listening := 0
	for line := range strings.Lines(string(sockets)) {
		fields := strings.Fields(line)
		if len(fields) > 7 && strings.HasSuffix(fields[7], "/start") && fields[4] == "0005" { // SOCK_SEQPACKET
			listening++
		}
		if len(fields) > 7 && strings.HasPrefix(fields[7], "@") && strings.Contains(fields[7], "fsrun") {
			t.Errorf("a socket in the abstract namespace: %s", line)
		}
	}
	if listening == 0 {
		t.Errorf("no listening SOCK_SEQPACKET socket named start:\n%s", sockets)
	}
}

// A descriptor of the host's that the caller passes on is no way out.
//
// SPEC: M-ACT-4
// CLASS: V3
func TestWorkingDirectoryOutsideIsRefused(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/true"), func(spec *specs.Spec) { spec.Process.Cwd = "/proc/self/fd/3" })
	host, err := os.Open("/")
	must(t, err)
	defer host.Close()
	command := exec.Command("fsrun", "--root", c.StateRoot, "run", "--preserve-fds", "1", "--bundle", c.Bundle, c.ID)
	command.ExtraFiles = []*os.File{host}
	output, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(output), "outside the container's root") {
		t.Errorf("%v: %s", err, output)
	}
}
