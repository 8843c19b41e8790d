package handoff

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
)

// runHook runs a script as the fourth startContainer hook.
func runHook(t *testing.T, script string, change func(*protocol.Hook)) *protocol.Fault {
	t.Helper()
	op := &protocol.Hook{
		Origin: protocol.Origin{At: "hooks.startContainer[3]"}, Point: "startContainer", Index: 3, Path: "/bin/sh",
		Arguments: []string{"sh", "-c", script}, Environment: []string{"PATH=/bin:/usr/bin", "A=of the hook"},
		State: []byte(`{"id":"demo"}`), Milliseconds: 10_000,
	}
	if change != nil {
		change(op)
	}
	h, err := compileHook(op, null(t))
	if err != nil {
		t.Fatal(err)
	}
	fault := h.run()
	if _, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); err != unix.ECHILD { //nolint:errorlint // bare errno
		t.Errorf("a process is left: %v", err)
	}
	return fault
}

// null is the null device, open for writing.
func null(t *testing.T) int {
	t.Helper()
	file, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return int(file.Fd())
}

// TestHook: it gets the state on its standard input, its own arguments and environment, and
// nothing else.
func TestHook(t *testing.T) {
	file := filepath.Join(t.TempDir(), "seen")
	script := fmt.Sprintf(`{ cat; echo; echo "$0 $A $HOME"; } > %s; echo warning >&2`, file)
	if fault := runHook(t, script, nil); fault != nil {
		t.Fatal(fault)
	}
	content, err := os.ReadFile(file)
	if want := "{\"id\":\"demo\"}\nsh of the hook \n"; err != nil || string(content) != want {
		t.Errorf("it saw %q, %v; want %q", content, err, want)
	}
}

// TestHookFails: the Fault names its point and index, and says how it ended and what it
// wrote last to standard error.
//
// SPEC: M-OP-8
func TestHookFails(t *testing.T) {
	for _, test := range []struct {
		name, script string
		change       func(*protocol.Hook)
		says         []string
	}{
		{"status", "echo so long >&2; exit 3", nil, []string{`exit status 3; stderr ends with "so long"`}},
		{"quiet", "exit 4", nil, []string{"exit status 4"}},
		{"signal", "echo dying >&2; kill -USR1 $$", nil, []string{`killed by signal 10 (user defined signal 1); stderr ends with "dying"`}},
		{"timeout", "echo waiting >&2; sleep 60", func(h *protocol.Hook) { h.Milliseconds = 200 }, []string{`killed after its timeout of 200ms; stderr ends with "waiting"`}},
		{"much output", "i=0; while [ $i -lt 1500 ]; do echo line $i >&2; i=$((i+1)); done; exit 5", nil, []string{"exit status 5", `line 1499"`}},
		{"missing", "", func(h *protocol.Hook) { h.Path = "/no/such/hook" }, []string{"/no/such/hook", "no such file"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			fault := runHook(t, test.script, test.change)
			if fault == nil {
				t.Fatal("no Fault")
			}
			for _, words := range append(test.says, "startContainer[3]") {
				if !strings.Contains(fault.Error(), words) {
					t.Errorf("the Fault is %.300q…; want %q in it", fault.Error(), words)
				}
			}
			if fault.Code != protocol.CodeHook || fault.Path != "hooks.startContainer[3]" {
				t.Errorf("code %s, path %q", fault.Code, fault.Path)
			}
			if size := len(fault.Error()); size > 2*tailSize+1000 {
				t.Errorf("it has %d bytes", size)
			}
		})
	}
}

// TestHookSaidMuchAtOnce: the end is kept even of what a hook wrote before anybody read,
// after it has ended.
//
// SPEC: M-OP-8
func TestHookSaidMuchAtOnce(t *testing.T) {
	h, err := compileHook(&protocol.Hook{Point: "startContainer", Path: "/bin/sh", Milliseconds: 10_000}, null(t))
	if err != nil {
		t.Fatal(err)
	}
	ended := exec.Command("/bin/true")
	if err := ended.Start(); err != nil {
		t.Fatal(err)
	}
	watch, err := unix.PidfdOpen(ended.Process.Pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(watch)
	if err := ended.Wait(); err != nil {
		t.Fatal(err)
	}
	said := strings.Repeat("x", 60_000) + "end"
	if size, err := unix.Write(h.writing, []byte(said)); err != nil || size != len(said) {
		t.Fatalf("%d bytes written, %v", size, err)
	}
	unix.Close(h.writing)
	if !h.wait(watch) {
		t.Error("it counts as timed out")
	}
	if want := said[len(said)-tailSize:]; string(h.tail) != want {
		t.Errorf("kept are %d bytes, which end in %.20q; want %d", len(h.tail), h.tail[max(0, len(h.tail)-20):], tailSize)
	}
	unix.Close(h.output)
}

// TestHookTimeoutKillsItsGroup: what a hook has started ends with it, even if it holds the
// standard error open.
func TestHookTimeoutKillsItsGroup(t *testing.T) {
	for name, script := range map[string]string{
		"timeout":      "sleep 60 & echo $! > %s; sleep 60",
		"left behind":  "sleep 60 & echo $! > %s",
		"left, failed": "sleep 60 & echo $! > %s; exit 1",
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "pid")
			began := time.Now()
			fault := runHookAmongOthers(t, fmt.Sprintf(script, file))
			if (fault == nil) != (name == "left behind") {
				t.Errorf("the Fault is %v", fault)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
			if err != nil {
				t.Fatal(err)
			}
			for end := time.Now().Add(5 * time.Second); alive(pid); time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("process %d lives on", pid)
				}
			}
		})
	}
}

// TestHookSaysNothingForTheProgram: what a hook writes to its standard output goes to the
// null device, not to the program's output.
//
// SPEC: M-OP-9
func TestHookSaysNothingForTheProgram(t *testing.T) {
	execution := shell("echo program")
	execution.Hooks = []*protocol.Hook{{
		Point: "startContainer", Path: "/bin/sh", Arguments: []string{"sh", "-c", "echo hook; link=$(readlink /proc/$$/fd/1); echo $link >&2; exit 3"},
		Environment: []string{"PATH=/bin:/usr/bin"},
	}}
	w := startWalk(t, job{Execution: execution}, nil)
	if fault := w.fails(protocol.CodeHook); !strings.Contains(fault.Error(), `ends with "/dev/null"`) || w.output.Len() != 0 {
		t.Errorf("the Fault is %v; the program's output is %q", fault, &w.output)
	}
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

// TestHookTimeoutKillsWhoLeftItsGroup: a hook that has left its original process group is
// killed at its timeout all the same.
func TestHookTimeoutKillsWhoLeftItsGroup(t *testing.T) {
	began := time.Now()
	fault := runHook(t, "", func(h *protocol.Hook) {
		h.Path, h.Arguments, h.Milliseconds = "/proc/self/exe", []string{leaver}, 2000
	})
	if fault == nil || !strings.Contains(fault.Error(), "killed after its timeout of 2s") || !strings.Contains(fault.Error(), "left: <nil>") {
		t.Errorf("the Fault is %v", fault)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

func runHookAmongOthers(t *testing.T, script string) *protocol.Fault {
	t.Helper()
	h, err := compileHook(&protocol.Hook{
		Point: "startContainer", Path: "/bin/sh", Arguments: []string{"sh", "-c", script},
		Environment: []string{"PATH=/bin:/usr/bin"}, Milliseconds: 300,
	}, null(t))
	if err != nil {
		t.Fatal(err)
	}
	return h.run()
}

// alive reports whether a process is running; a zombie is not.
func alive(pid int) bool {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(content), ") ")
	return !strings.HasPrefix(state, "Z")
}
