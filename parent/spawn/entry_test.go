package spawn

import (
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Without a PID namespace to join, there is nothing to hide from.
func TestNoEntryWithoutPIDNamespace(t *testing.T) {
	joins := []Join{{Type: unix.CLONE_NEWNET, FD: 7}}
	entry, others, err := newEntry(5, joins)
	if entry != nil || err != nil || len(others) != 1 {
		t.Errorf("%v, %v, %v", entry, others, err)
	}
}

// An entry's report is accepted only if it is a child of ours, or an error.
func TestEntryReports(t *testing.T) {
	child := exec.Command("/bin/sleep", "1000")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = child.Process.Kill(), child.Wait() }()
	for said, want := range map[string]string{
		strconv.Itoa(child.Process.Pid):      "",
		"1":                                  `said to be the child, "1", is none of ours`,
		"-1":                                 `said to be the child, "-1", is none of ours`,
		"0":                                  `said to be the child, "0", is none of ours`,
		"setns the container's PID: refused": "setns the container's PID: refused",
		"":                                   "the process that was to start it has ended",
	} {
		entry, others, err := newEntry(5, []Join{{Type: unix.CLONE_NEWPID, FD: 7}, {Type: unix.CLONE_NEWNET, FD: 8}})
		if err != nil || len(others) != 1 || others[0].FD != 8 {
			t.Fatalf("%v, %v", others, err)
		}
		if said != "" {
			if _, err := unix.Write(entry.theirs, []byte(said)); err != nil {
				t.Fatal(err)
			}
		}
		process := exec.Command("/bin/true")
		if err := process.Start(); err != nil {
			t.Fatal(err)
		}
		pid, err := entry.child(process.Process.Pid)
		entry.close()
		_ = process.Process.Release() // it has been reaped
		switch {
		case want == "" && (err != nil || pid != child.Process.Pid):
			t.Errorf("%q: %d, %v", said, pid, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v; want %q", said, err, want)
		}
	}
}

// TestEntryThatDies: its end is noticed at once, and distinguished from a clone that the
// kernel refuses.
func TestEntryThatDies(t *testing.T) {
	needRoot(t)
	holder := exec.Command("/bin/sleep", "1000")
	holder.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWPID}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = holder.Process.Kill(), holder.Wait() }()
	open := func(name string) int {
		descriptor, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(descriptor) })
		return descriptor
	}
	path := "/proc/" + strconv.Itoa(holder.Process.Pid) + "/ns/pid"
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(pair[:])
	begin := time.Now()
	_, _, err = Start(Request{
		Watched: open("/proc/self/ns/mnt"), Join: []Join{{Type: unix.CLONE_NEWPID, Path: path, FD: open(path)}},
		Cgroup: -1, Return: -1, Stdio: [3]int{0, 1, 2}, Socket: pair[0],
	})
	var failed *EntryError
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "has ended") {
		t.Errorf("got %v", err)
	}
	if took := time.Since(begin); took > entryPatience/2 {
		t.Errorf("its end was seen after %v", took)
	}
}
