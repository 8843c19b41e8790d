package sys

import (
	"errors"
	"io/fs"
	"testing"

	"golang.org/x/sys/unix"
)

// execute appends the execution of a host program.
func execute(p *Program, arguments ...string) {
	p.Must("execve", arguments[0], unix.SYS_EXECVE, p.String(arguments[0]), p.Strings(arguments), p.Strings(nil))
}

func wait(t *testing.T, pid int) unix.WaitStatus {
	t.Helper()
	var status unix.WaitStatus
	if _, err := unix.Wait4(pid, &status, 0, nil); err != nil {
		t.Fatal(err)
	}
	return status
}

func TestCloneExecutes(t *testing.T) {
	for range 200 {
		var program Program
		execute(&program, "/bin/true")
		pid, err := Clone(0, -1, &program)
		if err != nil {
			t.Fatal(err)
		}
		if status := wait(t, pid); !status.Exited() || status.ExitStatus() != 0 {
			t.Fatalf("status %v", status)
		}
	}
}

func TestCloneNamesTheCallThatFailed(t *testing.T) {
	var program Program
	program.May("getpid", unix.SYS_GETPID)
	program.May("close", unix.SYS_CLOSE, 1<<20) // fails, without consequences
	execute(&program, "/nonexistent")
	_, err := Clone(0, -1, &program)
	var failed *fs.PathError
	if !errors.As(err, &failed) || failed.Op != "execve" || failed.Path != "/nonexistent" || failed.Err != unix.ENOENT {
		t.Fatalf("error %v", err)
	}
	if _, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); err != unix.ECHILD {
		t.Fatalf("a process is left: %v", err)
	}
}

func TestBranchIsOurChild(t *testing.T) {
	for range 100 {
		var program Program
		program.Branch(0)
		execute(&program, "/bin/true")
		pid, err := Clone(0, -1, &program)
		if err != nil {
			t.Fatal(err)
		}
		if status := wait(t, pid); !status.Exited() || status.ExitStatus() != 0 {
			t.Fatalf("status %v", status)
		}
	}
	var program Program
	program.Branch(0)
	execute(&program, "/nonexistent")
	if _, err := Clone(0, -1, &program); !errors.Is(err, unix.ENOENT) {
		t.Fatalf("error %v", err)
	}
	if _, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); err != unix.ECHILD {
		t.Fatalf("a process is left: %v", err)
	}
}

func TestBranchEntersAPIDNamespace(t *testing.T) {
	requireRoot(t)
	var program Program
	program.Must("unshare", "pid", unix.SYS_UNSHARE, unix.CLONE_NEWPID)
	program.Branch(0)
	execute(&program, "/bin/sh", "-c", "test $$ = 1")
	pid, err := Clone(0, -1, &program)
	if err != nil {
		t.Fatal(err)
	}
	if status := wait(t, pid); status.ExitStatus() != 0 {
		t.Fatalf("status %v: not process 1", status)
	}
}
