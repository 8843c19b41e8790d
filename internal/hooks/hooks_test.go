package hooks

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// script writes an executable shell script.
func script(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hook")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// checkNothingLeft fails if descriptors or unreaped children remain.
func checkNothingLeft(t *testing.T) {
	t.Helper()
	before := descriptors(t)
	t.Cleanup(func() {
		if after := descriptors(t); after > before {
			t.Errorf("%d descriptors are open, %d were before", after, before)
		}
		if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != syscall.ECHILD {
			t.Errorf("a child is left: pid %d, %v", pid, err)
		}
	})
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// leaver is the name by which the test's own program is a hook that moves to its parent's
// process group and then sleeps.
const leaver = "leaver"

func leave() {
	group, err := unix.Getpgid(os.Getppid())
	if err == nil {
		err = unix.Setpgid(0, group)
	}
	fmt.Fprintln(os.Stderr, "left:", err)
	time.Sleep(time.Minute)
}

func TestMain(m *testing.M) {
	if os.Args[0] == leaver {
		leave()
	}
	// The network poller's descriptors are opened with the first pipe; open them before
	// every test.
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	r.SetReadDeadline(time.Now())
	r.Read(make([]byte, 1))
	r.Close()
	w.Close()
	os.Exit(m.Run())
}

func TestRunGivesWhatTheSpecificationSays(t *testing.T) {
	checkNothingLeft(t)
	t.Setenv("INHERITED", "must not be seen")
	out := t.TempDir()
	path := script(t, `cat > `+out+`/stdin; echo "$0 $*" > `+out+`/args; tr '\0' '\n' < /proc/$$/environ > `+out+`/env
read -r _ _ _ _ group _ < /proc/$$/stat; echo "$group $$" > `+out+`/group; for fd in 0 1 2 3 4 5; do readlink /proc/$$/fd/$fd | sed "s/^/$fd /"; done | cat > `+out+`/fd; echo noise`)
	hook := Hook{Path: path, Args: []string{"name", "one", "two words"}, Env: []string{"A=1", "B=", "A=2"}, Timeout: 20 * time.Second}
	state := []byte(`{"id":"x"}`)
	if err := Run("createRuntime", []Hook{hook}, state); err != nil {
		t.Fatal(err)
	}
	if got := read(t, out+"/stdin"); got != string(state) {
		t.Errorf("standard input: %q", got)
	}
	if got, want := read(t, out+"/args"), path+" one two words\n"; got != want {
		t.Errorf("arguments: %q, want %q", got, want)
	}
	if got := read(t, out+"/env"); got != "A=1\nB=\nA=2\n" {
		t.Errorf("environment: %q", got)
	}
	if group := strings.Fields(read(t, out+"/group")); group[0] != group[1] {
		t.Errorf("process group %s of process %s", group[0], group[1])
	}
	got := strings.Fields(read(t, out+"/fd"))
	if len(got) != 6 || !strings.HasPrefix(got[1], "pipe:") || got[3] != "/dev/null" || !strings.HasPrefix(got[5], "pipe:") {
		t.Errorf("descriptors: %q", got)
	}
}

func TestRunWithoutArguments(t *testing.T) {
	checkNothingLeft(t)
	out := filepath.Join(t.TempDir(), "cmdline")
	path := script(t, `tr '\0' ' ' < /proc/$$/cmdline > `+out)
	if err := Run("poststart", []Hook{{Path: path}}, nil); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, out), "/bin/sh "+path+" "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// SPEC: M-OP-8
func TestRunStopsAtTheFirstFailure(t *testing.T) {
	checkNothingLeft(t)
	log := filepath.Join(t.TempDir(), "log")
	ok := script(t, `echo "$1" >> `+log)
	bad := script(t, `echo "$1" >> `+log+`; echo "no such luck" >&2; exit 3`)
	hooks := []Hook{{Path: ok, Args: []string{"h", "a"}}, {Path: bad, Args: []string{"h", "b"}}, {Path: ok, Args: []string{"h", "c"}}}
	err := Run("prestart", hooks, []byte("{}"))
	var failure *Error
	if !errors.As(err, &failure) {
		t.Fatalf("got %v", err)
	}
	if got := read(t, log); got != "a\nb\n" {
		t.Errorf("ran %q", got)
	}
	if failure.PID == 0 {
		t.Error("the error names no pid")
	}
	want := fmt.Sprintf(`hook prestart[1] %s (pid %d): exit status 3; stderr ends with "no such luck"`, bad, failure.PID)
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}

	failures := RunAll("poststop", hooks, []byte("{}"))
	if len(failures) != 1 || !errors.As(failures[0], &failure) || failure.Index != 1 || failure.Point != "poststop" {
		t.Errorf("RunAll: %v", failures)
	}
	if got := read(t, log); got != "a\nb\na\nb\nc\n" {
		t.Errorf("RunAll ran %q", got)
	}
}

func TestRunNamesSignal(t *testing.T) {
	checkNothingLeft(t)
	err := Run("startContainer", []Hook{{Path: script(t, "kill -TERM $$")}}, nil)
	var failure *Error
	if !errors.As(err, &failure) || failure.Signal != syscall.SIGTERM || !strings.Contains(err.Error(), "killed by signal 15 (terminated)") {
		t.Errorf("got %v", err)
	}
}

func TestRunNamesWhatCannotStart(t *testing.T) {
	checkNothingLeft(t)
	notExecutable := filepath.Join(t.TempDir(), "hook")
	if err := os.WriteFile(notExecutable, []byte("#!/bin/sh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		"/nonexistent/hook":          os.ErrNotExist,
		notExecutable:                os.ErrPermission,
		script(t, "")[:1]:            syscall.EACCES,
		"/dev/null/hook":             syscall.ENOTDIR,
		script(t, "exit 0") + "\x00": syscall.EINVAL,
	} {
		err := Run("createContainer", []Hook{{Path: path}}, []byte("{}"))
		var failure *Error
		if !errors.Is(err, want) || !errors.As(err, &failure) || failure.PID != 0 {
			t.Errorf("%q: got %v, want %v", path, err, want)
		}
	}
}

// TestRunWithUnreadState has a state that does not fit into a pipe, and hooks that do not
// read all of it.
func TestRunWithUnreadState(t *testing.T) {
	checkNothingLeft(t)
	state := bytes.Repeat([]byte("x"), 1<<20)
	for name, body := range map[string]string{
		"exits":                     "exit 0",
		"closes":                    "exec 0<&-; sleep 0.1",
		"reads a little":            "head -c 10 > /dev/null",
		"leaves a reader that naps": "sleep 5 <&0 >/dev/null 2>&1 &",
	} {
		start := time.Now()
		if err := Run("prestart", []Hook{{Path: script(t, body)}}, state); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if elapsed := time.Since(start); elapsed > 4*time.Second {
			t.Errorf("%s: took %v", name, elapsed)
		}
	}
}

func TestRunReadsWholeState(t *testing.T) {
	checkNothingLeft(t)
	state := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	out := filepath.Join(t.TempDir(), "state")
	if err := Run("prestart", []Hook{{Path: script(t, "sleep 0.1; cat > "+out)}}, state); err != nil {
		t.Fatal(err)
	}
	if read(t, out) != string(state) {
		t.Error("the hook read something else")
	}
}

func TestRunKillsTheGroupOnTimeout(t *testing.T) {
	checkNothingLeft(t)
	pidFile := filepath.Join(t.TempDir(), "pid")
	path := script(t, "trap '' TERM INT; sleep 600 & echo $! > "+pidFile+"; echo stuck >&2; wait")
	const allowed = 2 * time.Second // an emulated machine starts a shell slowly
	start := time.Now()
	err := Run("createRuntime", []Hook{{Path: path, Timeout: allowed}}, []byte("{}"))
	var failure *Error
	if !errors.As(err, &failure) || failure.Timeout != allowed || failure.Stderr != "stuck\n" {
		t.Fatalf("got %#v", err)
	}
	if !strings.HasSuffix(err.Error(), `: killed after its timeout of 2s; stderr ends with "stuck"`) {
		t.Errorf("got %v", err)
	}
	if elapsed := time.Since(start); elapsed > 3*allowed {
		t.Errorf("took %v", elapsed)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(read(t, pidFile)))
	if err != nil {
		t.Fatal(err)
	}
	waitGone(t, pid)
}

// TestRunKillsWhoLeftItsGroupOnTimeout: a hook that has left its original process group is
// killed at its timeout all the same, and reported like any other.
func TestRunKillsWhoLeftItsGroupOnTimeout(t *testing.T) {
	checkNothingLeft(t)
	const allowed = 2 * time.Second
	start := time.Now()
	err := Run("createRuntime", []Hook{{Path: "/proc/self/exe", Args: []string{leaver}, Timeout: allowed}}, []byte("{}"))
	var failure *Error
	if !errors.As(err, &failure) || failure.Err != nil || failure.Timeout != allowed || failure.Stderr != "left: <nil>\n" {
		t.Fatalf("got %v", err)
	}
	if elapsed := time.Since(start); elapsed > 2*allowed {
		t.Errorf("took %v", elapsed)
	}
}

// TestRunReapsWhoseGroupCannotBeKilled: the hook is killed and reaped even if the kernel
// refuses to signal its group, and that is reported.
func TestRunReapsWhoseGroupCannotBeKilled(t *testing.T) {
	checkNothingLeft(t)
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with its filter
		if err := forbidKill(); err != nil {
			t.Error(err)
		}
		done <- Run("createRuntime", []Hook{{Path: "/bin/sleep", Args: []string{"sleep", "60"}, Timeout: 100 * time.Millisecond}}, nil)
	}()
	var failure *Error
	if err := <-done; !errors.As(err, &failure) || !errors.Is(err, syscall.EPERM) {
		t.Errorf("got %v", err)
	}
}

// forbidKill makes kill(2) fail with EPERM in this thread. Package supervise could do that
// too, but not under the race detector.
func forbidKill() error {
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // seccomp_data.nr
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_KILL, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(program)), 0, 0)
}

// waitGone waits until a process that is not our child is dead.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	for range 200 {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d of the hook's group lives on", pid)
}

// TestRunDoesNotWaitForGrandchildren has a daemon keep the standard error open.
func TestRunDoesNotWaitForGrandchildren(t *testing.T) {
	checkNothingLeft(t)
	pidFile := filepath.Join(t.TempDir(), "pid")
	path := script(t, "echo before >&2; sleep 600 & echo $! > "+pidFile+"; exit 4")
	start := time.Now()
	err := Run("createRuntime", []Hook{{Path: path}}, nil)
	if elapsed := time.Since(start); elapsed > 5*time.Second {
		t.Errorf("took %v", elapsed)
	}
	var failure *Error
	if !errors.As(err, &failure) || failure.ExitStatus != 4 || failure.Stderr != "before\n" {
		t.Errorf("got %v", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(read(t, pidFile)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Errorf("a daemon that a hook started must be left alone: %v", err)
	}
}

// SPEC: M-OP-8
func TestErrorKeepsTheEndOfStderr(t *testing.T) {
	checkNothingLeft(t)
	path := script(t, "head -c 3000000 /dev/zero | tr '\\0' x >&2; echo the end >&2; exit 1")
	err := Run("prestart", []Hook{{Path: path}}, nil)
	var failure *Error
	if !errors.As(err, &failure) {
		t.Fatalf("got %v", err)
	}
	if len(failure.Stderr) != MaxStderr || !strings.HasSuffix(failure.Stderr, "xxxthe end\n") {
		t.Errorf("kept %d bytes that end in %q", len(failure.Stderr), failure.Stderr[max(0, len(failure.Stderr)-20):])
	}
}

func TestManyRunsLeaveNoGoroutines(t *testing.T) {
	checkNothingLeft(t)
	before := runtime.NumGoroutine()
	for range 50 {
		if err := Run("prestart", []Hook{{Path: "/bin/true", Timeout: time.Minute}}, []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}
