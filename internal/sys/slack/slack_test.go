package slack

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// The first thread is one of ours other than the main one, and root may set its slack.
func TestSlowMonitor(t *testing.T) {
	id := firstThread()
	if _, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", id)); err != nil || id == unix.Getpid() {
		t.Fatalf("the first thread is %d of process %d: %v", id, unix.Getpid(), err)
	}
	if os.Geteuid() != 0 {
		t.Skip("only root may set the slack of another thread")
	}
	SlowMonitor()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/timerslack_ns", id))
	if got, want := strings.TrimSpace(string(content)), fmt.Sprint(Monitor.Nanoseconds()); err != nil || got != want {
		t.Errorf("the slack is %s ns, %v; want %s", got, err, want)
	}
}

// What is started has the slack that this process was started with, whatever the thread's
// is.
func TestStartProcess(t *testing.T) {
	before := ordinary
	defer func() { ordinary = before }()
	runtime.LockOSThread() // the thread ends with this goroutine
	for slack, want := range map[uintptr]string{12345: "12345", 0: fmt.Sprint(Monitor.Nanoseconds())} {
		ordinary = slack
		must(t, unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(Monitor.Nanoseconds()), 0, 0, 0))
		read, write, err := os.Pipe()
		must(t, err)
		process, err := StartProcess("/bin/sh", []string{"sh", "-c", "read slack < /proc/$$/timerslack_ns; echo $slack"}, &os.ProcAttr{Files: []*os.File{nil, write}})
		must(t, err)
		write.Close()
		said, err := io.ReadAll(read)
		must(t, err)
		if got := strings.TrimSpace(string(said)); got != want {
			t.Errorf("with %d it has %s, want %s", slack, got, want)
		}
		_, err = process.Wait()
		must(t, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
