package spawn

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Without a PID namespace to join there is nothing to hide from.
func TestNoEntryWithoutPIDNamespace(t *testing.T) {
	joins := []Join{{Type: unix.CLONE_NEWNET, FD: 7}}
	entry, others, err := newEntry(5, joins)
	if entry != nil || err != nil || len(others) != 1 {
		t.Errorf("%v, %v, %v", entry, others, err)
	}
}

// What an entry reports is taken for no more than it is: a child of ours, or words.
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
