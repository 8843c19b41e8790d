package console

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// attach relays between a container's master and a terminal of the caller, and returns the
// outer end of that.
func attach(t *testing.T, master *os.File) (*Relay, *os.File) {
	t.Helper()
	outer, inner := openPTY(t)
	return relay(t, master, Caller{Input: descriptor(inner), Output: descriptor(inner)}), outer
}

func relay(t *testing.T, master *os.File, caller Caller) *Relay {
	t.Helper()
	r, err := Foreground(descriptor(master), caller)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func TestForegroundLosesNoTail(t *testing.T) {
	for _, lines := range []int{1, 100, 20_000} {
		for round := range 10 {
			master, slave := containerPTY(t)
			r, outer := attach(t, master)
			screen := watch(outer)
			command := exec.Command("/bin/sh", "-c", fmt.Sprintf("seq %d", lines))
			inSession(t, slave, command)
			slave.Close()
			if err := command.Wait(); err != nil {
				t.Fatal(err)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			var want strings.Builder
			for i := range lines {
				fmt.Fprintf(&want, "%d\r\n", i+1)
			}
			// All of it is in the caller's terminal, but the test still has to read it.
			eventually(t, "the screen shows all", func() bool { return len(screen.text()) >= want.Len() })
			if got := screen.text(); got != want.String() {
				t.Fatalf("round %d: %d bytes shown, want %d; the last are %q", round, len(got), want.Len(), got[len(got)-20:])
			}
		}
	}
}

// The container's process writes to a descriptor of the caller's before anybody reads; only
// Close moves the bytes.
func TestForegroundShowsWhatWasLeft(t *testing.T) {
	for range 200 {
		master, slave := containerPTY(t)
		shown, output := pipe(t)
		if _, err := slave.WriteString("last words"); err != nil {
			t.Fatal(err)
		}
		r := relay(t, master, Caller{Input: -1, Output: descriptor(output)})
		slave.Close()
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		output.Close()
		got, err := io.ReadAll(shown)
		if err != nil || string(got) != "last words" {
			t.Fatalf("%q, %v", got, err)
		}
		master.Close()
	}
}

func TestForegroundTypesIntoContainer(t *testing.T) {
	master, slave := containerPTY(t)
	r, outer := attach(t, master)
	screen := watch(outer)
	command := exec.Command("/bin/sh", "-c", "read line; echo got:$line; exec cat")
	inSession(t, slave, command)
	slave.Close()

	io.WriteString(outer, "hello\r")
	// The container's terminal echoes, the caller's does not.
	eventually(t, "an echo and an answer", func() bool { return screen.text() == "hello\r\ngot:hello\r\n" })
	io.WriteString(outer, "\x03") // the container's terminal turns it into SIGINT
	err := command.Wait()
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).Signal() != unix.SIGINT {
		t.Fatalf("the program ended with %v, want SIGINT", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestForegroundRestoresModes(t *testing.T) {
	master, _ := containerPTY(t)
	outer, inner := openPTY(t)
	before := modes(t, inner)
	if before.Lflag&unix.ICANON == 0 {
		t.Fatal("the terminal is raw to begin with")
	}
	r := relay(t, master, Caller{Input: descriptor(inner), Output: descriptor(inner)})
	during := modes(t, inner)
	if during.Lflag&(unix.ICANON|unix.ECHO|unix.ISIG) != 0 || during.Iflag&(unix.ICRNL|unix.IXON) != 0 {
		t.Errorf("not raw: lflag %#x, iflag %#x", during.Lflag, during.Iflag)
	}
	if want := uint32(unix.OPOST | unix.ONLCR); uint32(during.Oflag)&want != want {
		t.Errorf("a line feed does not start a new line: oflag %#x", during.Oflag)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if after := modes(t, inner); after != before {
		t.Errorf("modes went from %+v to %+v", before, after)
	}
	outer.Close()
}

func TestForegroundOfVanishedTerminal(t *testing.T) {
	master, _ := containerPTY(t)
	r, outer := attach(t, master)
	outer.Close()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestForegroundFollowsSize(t *testing.T) {
	master, slave := containerPTY(t)
	outer, inner := openPTY(t)
	setSize(t, outer, 24, 81)
	r := relay(t, master, Caller{Input: descriptor(inner), Output: descriptor(inner)})
	if rows, columns := size(t, slave); rows != 24 || columns != 81 {
		t.Fatalf("at first %d x %d, want 24 x 81", rows, columns)
	}
	setSize(t, outer, 50, 132)
	unix.Kill(unix.Getpid(), unix.SIGWINCH)
	eventually(t, "the new size", func() bool {
		rows, columns := size(t, slave)
		return rows == 50 && columns == 132
	})
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestForegroundKeepsSizeWhereCallerHasNone(t *testing.T) {
	master, slave := containerPTY(t)
	setSize(t, slave, 33, 44)
	r, _ := attach(t, master)
	r.Close()
	if rows, columns := size(t, slave); rows != 33 || columns != 44 {
		t.Fatalf("%d x %d, want 33 x 44", rows, columns)
	}
}

func TestForegroundPassesOnEndOfInput(t *testing.T) {
	for _, c := range []struct{ name, input, want string }{
		{"after a line", "a line\n", "a line\na line\n"},
		{"within a line", "a line\nand a half", "a line\nand a halfa line\nand a half"},
		{"at once", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			master, slave := containerPTY(t)
			input, typed := pipe(t)
			shown, output := pipe(t)
			io.WriteString(typed, c.input)
			typed.Close()
			r := relay(t, master, Caller{Input: descriptor(input), Output: descriptor(output)})
			// Whatever is typed before cat starts waits in the terminal.
			command := exec.Command("/bin/cat")
			inSession(t, slave, command)
			slave.Close()
			if err := command.Wait(); err != nil {
				t.Fatal(err)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			output.Close()
			got, err := io.ReadAll(shown)
			if err != nil {
				t.Fatal(err)
			}
			// Echo and answer may be interleaved by line, so compare only which bytes there
			// are.
			if len(got) != len(c.want) || bytes.Count(got, []byte("a line")) != strings.Count(c.want, "a line") {
				t.Errorf("shown %q, want %q in some order", got, c.want)
			}
		})
	}
}

func TestForegroundWithoutTerminalAnywhere(t *testing.T) {
	master, slave := containerPTY(t)
	null, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	shown, output := pipe(t)
	r := relay(t, master, Caller{Input: descriptor(null), Output: descriptor(output)})
	command := exec.Command("/bin/sh", "-c", "cat; echo ended")
	inSession(t, slave, command)
	slave.Close()
	if err := command.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	output.Close()
	if got, _ := io.ReadAll(shown); string(got) != "ended\n" {
		t.Fatalf("shown %q", got)
	}
}

// A process that outlives the container's own keeps the terminal open. Whether it is silent
// or never stops writing, the relay ends.
func TestForegroundEndsDespiteSurvivors(t *testing.T) {
	for _, c := range []struct{ name, survivor string }{
		{"silent", "sleep 60"},
		{"noisy", "yes survivor"},
	} {
		t.Run(c.name, func(t *testing.T) {
			master, slave := containerPTY(t)
			shown, output := pipe(t)
			screen := watch(shown)
			r := relay(t, master, Caller{Input: -1, Output: descriptor(output)})
			command := exec.Command("/bin/sh", "-c", `trap "" HUP; echo last words; `+c.survivor+` & exit 0`)
			inSession(t, slave, command)
			slave.Close()
			defer unix.Kill(-command.Process.Pid, unix.SIGKILL)
			if err := command.Wait(); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > patience {
				t.Errorf("took %v", took)
			}
			eventually(t, "the last words are shown", func() bool { return strings.Contains(screen.text(), "last words\n") })
		})
	}
}

// An init may close its terminal and open it again.
func TestForegroundOutlastsClosedTerminal(t *testing.T) {
	master, slave := containerPTY(t)
	path := slave.Name()
	input, typed := pipe(t)
	shown, output := pipe(t)
	screen := watch(shown)
	relay(t, master, Caller{Input: descriptor(input), Output: descriptor(output)})
	for round := range 3 {
		fmt.Fprintf(slave, "round %d\n", round)
		slave.Close()
		time.Sleep(2 * reopening) // closed for long enough to be noticed
		again, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
		if err != nil {
			t.Fatal(err)
		}
		slave = again
		defer again.Close()
	}
	fmt.Fprint(slave, "end\n")
	eventually(t, "what was written after reopening", func() bool {
		return screen.text() == "round 0\nround 1\nround 2\nend\n"
	})
	io.WriteString(typed, "typed\n")
	eventually(t, "the echo of what was typed", func() bool { return strings.HasSuffix(screen.text(), "typed\n") })
}

func TestForegroundEndsWhileContainerTakesNoInput(t *testing.T) {
	master, slave := containerPTY(t)
	input, typed := pipe(t)
	_, output := pipe(t)
	raw := rawModes(modes(t, slave)) // without echo, so that only the input buffer fills up
	if err := setModes(descriptor(slave), &raw); err != nil {
		t.Fatal(err)
	}
	go typed.Write(bytes.Repeat([]byte("x"), 1<<20))
	r := relay(t, master, Caller{Input: descriptor(input), Output: descriptor(output)})
	// One chunk is more than a terminal holds, so the relay is in the middle of it.
	eventually(t, "the terminal holds input that nobody reads", func() bool {
		held, err := unix.IoctlGetInt(descriptor(slave), unix.TIOCINQ)
		return err == nil && held > 4000
	})
	closed := make(chan error, 1)
	go func() { closed <- r.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatal("the relay hangs")
	}
}

func TestForegroundReportsRefusedOutput(t *testing.T) {
	master, slave := containerPTY(t)
	shown, output := pipe(t)
	shown.Close()
	r := relay(t, master, Caller{Input: -1, Output: descriptor(output)})
	// More than the terminal holds: it would hang if nobody kept reading.
	command := exec.Command("/bin/sh", "-c", "seq 20000")
	inSession(t, slave, command)
	slave.Close()
	if err := command.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); !errors.Is(err, unix.EPIPE) {
		t.Fatalf("got %v, want %v", err, unix.EPIPE)
	}
}

func TestForegroundWritesToNonBlockingOutput(t *testing.T) {
	master, slave := containerPTY(t)
	shown, output := pipe(t)
	if err := unix.SetNonblock(descriptor(output), true); err != nil {
		t.Fatal(err)
	}
	r := relay(t, master, Caller{Input: -1, Output: descriptor(output)})
	command := exec.Command("/bin/sh", "-c", "seq 30000") // more than a pipe holds
	inSession(t, slave, command)
	slave.Close()
	time.Sleep(50 * time.Millisecond)
	screen := watch(shown)
	if err := command.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the last line", func() bool { return strings.HasSuffix(screen.text(), "\n30000\n") })
}

func TestForegroundForwardsSignals(t *testing.T) {
	master, _ := containerPTY(t)
	got := make(chan os.Signal, 8)
	r := relay(t, master, Caller{Input: -1, Output: -1, Signal: func(s os.Signal) { got <- s }})
	for _, want := range ends {
		unix.Kill(unix.Getpid(), want.(syscall.Signal))
		select {
		case s := <-got:
			if s != want {
				t.Errorf("got %v, want %v", s, want)
			}
		case <-time.After(patience):
			t.Fatalf("%v was not forwarded", want)
		}
	}
	r.Close()
}

func TestForegroundLeavesNothing(t *testing.T) {
	cycle := func() {
		master, slave := containerPTY(t)
		r, outer := attach(t, master)
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		for _, file := range []*os.File{master, slave, outer} {
			file.Close()
		}
	}
	cycle() // os/signal keeps one goroutine permanently
	goroutines := runtime.NumGoroutine()
	descriptors := openDescriptors(t)
	for range 20 {
		cycle()
	}
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= goroutines })
	// The caller's inner end is closed with the test.
	if now := openDescriptors(t) - 20; now > descriptors {
		t.Errorf("descriptors went from %d to %d", descriptors, now)
	}
}

func TestForegroundRefuses(t *testing.T) {
	_, slave := openPTY(t)
	outer, inner := openPTY(t)
	before := modes(t, inner)
	_, err := Foreground(descriptor(slave), Caller{Input: descriptor(inner), Output: descriptor(inner)})
	if err == nil || !strings.Contains(err.Error(), "not the master of a pseudoterminal") {
		t.Fatalf("got %v", err)
	}
	if after := modes(t, inner); after != before {
		t.Error("the caller's modes were changed")
	}
	outer.Close()
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
