package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
)

// statusAfter runs fsrun until its program says "ready", sends fsrun the signals and
// returns its exit status.
func statusAfter(t *testing.T, signals []syscall.Signal, arguments ...string) int {
	t.Helper()
	command := startReady(t, append([]string{"fsrun", "--root", harness.Directory(t)}, arguments...))
	return command.statusAfter(signals)
}

// readied is an fsrun whose program has said that it is ready.
type readied struct {
	t *testing.T
	*exec.Cmd
}

// startReady starts one in a session of its own, without a terminal.
func startReady(t *testing.T, words []string) readied {
	t.Helper()
	command := readied{t, exec.Command(words[0], words[1:]...)}
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	output, err := command.StdoutPipe()
	must(t, err)
	must(t, command.Start())
	if line, err := bufio.NewReader(output).ReadString('\n'); line != "ready\n" {
		t.Errorf("the program says %q, %v", line, err)
	}
	return command
}

// statusAfter kills it if the signals do not.
func (r readied) statusAfter(signals []syscall.Signal) int {
	r.t.Helper()
	for _, signal := range signals {
		if err := r.Process.Signal(signal); err != nil {
			r.t.Error(err)
		}
	}
	late := time.AfterFunc(time.Minute, func() { _ = r.Process.Kill() })
	defer late.Stop()
	err := r.Wait()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		r.t.Fatal(err)
	}
	return r.ProcessState.ExitCode()
}

// Real-time signals are for service managers that stop programs with one. Signals that a
// terminal sends are for servers that stop, reload or grow on them.
func TestSignalsArePassedOn(t *testing.T) {
	harness.Need(t, harness.Container...)
	signals := []syscall.Signal{
		unix.SIGTERM, unix.SIGUSR1, unix.SIGCONT, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGWINCH,
		syscall.Signal(minRealtime), syscall.Signal(minRealtime) + 3, syscall.Signal(maxRealtime),
	}
	trapping := `trap "exit 9"`
	for _, signal := range signals {
		trapping += fmt.Sprintf(" %d", signal)
	}
	trapping += "; echo ready; while :; do sleep 0.01; done"
	bundle := harness.Bundle(t, harness.Shell(trapping))
	for _, signal := range signals {
		if got := statusAfter(t, []syscall.Signal{signal}, "run", "-b", bundle, harness.ID(t)); got != 9 {
			t.Errorf("run: signal %d ends it with status %d, want 9", signal, got)
		}
	}
	for _, signal := range signals[:2] {
		if got := statusAfter(t, []syscall.Signal{signal}, "wrap", "--", "busybox", "sh", "-c", trapping); got != 9 {
			t.Errorf("wrap: signal %d ends it with status %d, want 9", signal, got)
		}
	}
}

// A shell makes what it starts with & ignore INT and QUIT; nohup(1) must work; and an
// ordinary program, which wrap's should resemble, ignores what its caller ignores.
func TestIgnoredSignalsArePassedOn(t *testing.T) {
	harness.Need(t, harness.Container...)
	const program = `trap "exit 9" HUP INT QUIT; trap "exit 3" TERM; echo ready; while :; do sleep 0.01; done`
	bundle := harness.Bundle(t, harness.Shell(program))
	for _, c := range []struct {
		verb, ignored string
		heard         bool
		signals       []syscall.Signal
		want          int
	}{
		{"run", "INT", true, []syscall.Signal{unix.SIGINT}, 9},
		{"run", "QUIT", true, []syscall.Signal{unix.SIGQUIT}, 9},
		{"run", "TERM", true, []syscall.Signal{unix.SIGTERM}, 3},
		{"run", "HUP", false, []syscall.Signal{unix.SIGHUP, unix.SIGTERM}, 3},
		{"wrap", "INT", false, []syscall.Signal{unix.SIGINT, unix.SIGTERM}, 3},
	} {
		words := []string{"sh", "-c", `trap "" ` + c.ignored + `; exec fsrun "$@"`, "sh", "--root", harness.Directory(t)}
		if c.verb == "run" {
			words = append(words, "run", "-b", bundle, harness.ID(t))
		} else {
			words = append(words, "wrap", "--", "busybox", "sh", "-c", program)
		}
		command := startReady(t, words)
		// The program may be ready before fsrun is ready for signals.
		for deadline := time.Now().Add(10 * time.Second); c.heard && !catches(t, command.Process.Pid, c.signals[0]) && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		if got := command.statusAfter(c.signals); got != c.want {
			t.Errorf("%s, ignoring %s: %v end it with status %d, want %d", c.verb, c.ignored, c.signals, got, c.want)
		}
	}
}

// The kernel drops signals that process 1 does not handle. wrap's program is killed by them
// all the same, and appears to have been.
func TestWrappedProgramIsMortal(t *testing.T) {
	harness.Need(t, harness.Container...)
	directory := harness.Directory(t)
	if err := os.WriteFile(filepath.Join(directory, "file"), []byte("ready\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, signal := range endSignals {
		// A shell would handle some of them itself.
		if got, want := statusAfter(t, []syscall.Signal{signal}, "wrap", "-w", directory, "busybox", "tail", "-f", "file"), 128+int(signal); got != want {
			t.Errorf("%s ends it with status %d, want %d", unix.SignalName(signal), got, want)
		}
	}
	const ignoring = `trap "" INT; echo ready; sleep 0.3; exit 5`
	if got := statusAfter(t, []syscall.Signal{unix.SIGINT}, "wrap", "--", "busybox", "sh", "-c", ignoring); got != 5 {
		t.Errorf("an ignored signal ends it with status %d, want 5", got)
	}
}

// What is typed before the program runs is not lost: the first signal arrives first.
func TestEarlySignalsAreKept(t *testing.T) {
	f, err := forwardSignals(false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.stop()
	want := []unix.Signal{unix.SIGUSR1, unix.SIGTERM, unix.SIGUSR1}
	var got []unix.Signal
	for i, signal := range want {
		if err := unix.Kill(unix.Getpid(), signal); err != nil {
			t.Fatal(err)
		}
		// Another thread may receive it.
		for deadline := time.Now().Add(10 * time.Second); len(got) <= i && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			got = append(got, f.take()...)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v wait, want %v", got, want)
	}
}

// A detached run leaves the container running, without anybody waiting for it.
func TestDetachedRunStays(t *testing.T) {
	harness.Need(t, harness.Container...)
	root, id := harness.Directory(t), harness.ID(t)
	bundle := harness.Bundle(t, harness.Args("/bin/sleep", "60"))
	pidFile := filepath.Join(root, "pid")
	if err := exec.Command("fsrun", "--root", root, "run", "-d", "-b", bundle, "--pid-file", pidFile, id).Run(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := exec.Command("fsrun", "--root", root, "delete", "--force", id).Run(); err != nil {
			t.Error(err)
		}
	})
	output, err := exec.Command("fsrun", "--root", root, "exec", id, "cat", "/proc/1/comm").Output()
	if err != nil || string(output) != "sleep\n" {
		t.Errorf("process 1 is %q, %v", output, err)
	}
}

// The same is true for the terminal's keys: the kernel drops the signals that they send to
// process 1.
func TestWrappedProgramEndsByKeys(t *testing.T) {
	harness.Need(t, harness.Container...)
	for name, c := range map[string]struct {
		script, keys string
		want         int
	}{
		"interrupt": {"echo ready; exec tail -f /dev/null", "\x03", 130},
		"quit":      {"echo ready; exec tail -f /dev/null", "\x1c", 131},
		"handled":   {"trap 'exit 9' INT; echo ready; while :; do sleep 0.01; done", "\x03", 9},
		"ignored":   {"trap '' INT; echo ready; read line; exit 5", "\x03\n", 5},
		"literal":   {"echo ready; read line; exit 6", "\x16\x03\n", 6},
		"no signal": {"stty -isig; echo ready; read line; exit 7", "\x03\n", 7},
	} {
		t.Run(name, func(t *testing.T) {
			master, slave := terminalPair(t)
			command := exec.Command("fsrun", "--root", harness.Directory(t), "wrap", "-t", "--", "busybox", "sh", "-c", c.script)
			command.Stdin, command.Stdout, command.Stderr = slave, slave, slave
			command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			must(t, command.Start())
			slave.Close()
			must(t, master.SetDeadline(time.Now().Add(10*time.Second)))
			line, err := bufio.NewReader(master).ReadString('\n')
			if strings.TrimSpace(line) != "ready" {
				t.Errorf("the program says %q, %v", line, err)
				_ = command.Process.Kill()
			}
			time.Sleep(20 * time.Millisecond) // until the shell has executed the program
			_, err = master.WriteString(c.keys)
			must(t, err)
			_ = command.Wait()
			equal(t, "status", c.want, command.ProcessState.ExitCode())
		})
	}
}

// terminalPair is a pseudoterminal.
func terminalPair(t *testing.T) (master, slave *os.File) {
	t.Helper()
	descriptor, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	must(t, err)
	master = os.NewFile(uintptr(descriptor), "master")
	t.Cleanup(func() { master.Close() })
	must(t, unix.IoctlSetPointerInt(descriptor, unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(descriptor, unix.TIOCGPTN)
	must(t, err)
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	must(t, err)
	return master, slave
}
