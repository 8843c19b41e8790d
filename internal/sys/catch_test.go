package sys

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// catchInto returns the reading end of a pipe that the signals are written to.
func catchInto(t *testing.T, signals, once []unix.Signal) (int, *Caught) {
	t.Helper()
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	caught, err := Catch(pipe[1], signals, once)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		caught.Release(slices.Concat(signals, once))
		unix.Close(pipe[0])
		unix.Close(pipe[1])
	})
	return pipe[0], caught
}

func raise(t *testing.T, signals ...unix.Signal) {
	t.Helper()
	for _, one := range signals {
		// Signals to this thread are delivered before the call returns.
		runtime.LockOSThread()
		err := unix.Tgkill(unix.Getpid(), unix.Gettid(), one)
		runtime.UnlockOSThread()
		if err != nil {
			t.Fatal(err)
		}
	}
}

func wantCaught(t *testing.T, pipe int, want ...byte) {
	t.Helper()
	content := make([]byte, 1024)
	count, err := unix.Read(pipe, content)
	if err != nil && err != unix.EAGAIN {
		t.Fatal(err)
	}
	if got := content[:max(count, 0)]; !bytes.Equal(got, want) {
		t.Errorf("caught %v, want %v", got, want)
	}
}

func TestCatch(t *testing.T) {
	pipe, caught := catchInto(t, []unix.Signal{unix.SIGUSR1, unix.SIGTERM}, []unix.Signal{unix.SIGINT})
	raise(t, unix.SIGTERM, unix.SIGUSR1, unix.SIGINT, unix.SIGUSR1)
	wantCaught(t, pipe, byte(unix.SIGTERM), byte(unix.SIGUSR1), byte(unix.SIGINT), byte(unix.SIGUSR1))
	if err := caught.Always([]unix.Signal{unix.SIGINT}, nil); err != nil {
		t.Fatal(err)
	}
	raise(t, unix.SIGINT, unix.SIGINT)
	wantCaught(t, pipe, byte(unix.SIGINT), byte(unix.SIGINT))
}

// The handler runs on any thread, in the middle of anything: here, on threads that allocate
// and compute.
func TestCatchWhileBusy(t *testing.T) {
	pipe, _ := catchInto(t, []unix.Signal{unix.SIGUSR1}, nil)
	var all sync.WaitGroup
	quit := make(chan struct{})
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-quit:
					return
				default:
					_ = bytes.Repeat([]byte{1}, 1<<14)
				}
			}
		})
	}
	total := 0
	for range 1000 {
		if err := unix.Kill(unix.Getpid(), unix.SIGUSR1); err != nil {
			t.Fatal(err)
		}
		runtime.Gosched()
	}
	close(quit)
	all.Wait()
	content := make([]byte, 4096)
	for {
		count, err := unix.Read(pipe, content)
		if err != nil {
			break
		}
		total += count
	}
	if total == 0 || total > 1000 {
		t.Errorf("%d of 1000 signals were caught", total)
	}
}

const catchVariable = "FSRUN_TEST_CATCH"

// A signal that was caught once has its default effect again, and so has one that is
// released.
func TestCaughtSignalsEnd(t *testing.T) {
	if what := os.Getenv(catchVariable); what != "" {
		_, caught := catchInto(t, nil, []unix.Signal{unix.SIGTERM})
		if what == "once" {
			raise(t, unix.SIGTERM)
		} else {
			caught.Release([]unix.Signal{unix.SIGTERM})
		}
		raise(t, unix.SIGTERM)
		t.Fatal("it lives")
	}
	for _, what := range []string{"once", "released"} {
		command := exec.Command(os.Args[0], "-test.run=^TestCaughtSignalsEnd$")
		command.Env = append(os.Environ(), catchVariable+"="+what)
		_ = command.Run()
		if status := command.ProcessState.Sys().(interface{ Signaled() bool }); !status.Signaled() {
			t.Errorf("%s: it ended with %v, want a signal", what, command.ProcessState)
		}
	}
}

// A fault is left to the Go runtime, which makes it a panic; the same signal, sent, is
// caught.
func TestCatchLeavesFaults(t *testing.T) {
	pipe, _ := catchInto(t, []unix.Signal{unix.SIGSEGV}, nil)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a nil pointer was read without a panic")
			}
		}()
		var nowhere *handlerOf
		t.Log(nowhere.flags)
	}()
	wantCaught(t, pipe)
	raise(t, unix.SIGSEGV)
	wantCaught(t, pipe, byte(unix.SIGSEGV))
}

// What was ignored remains ignored, unless it is asked for all the same; what is released
// is ignored again.
func TestCatchLeavesIgnored(t *testing.T) {
	ignored := []unix.Signal{unix.SIGUSR2, unix.SIGHUP, unix.SIGINT}
	for _, one := range ignored {
		before, err := setHandler(one, &handlerOf{handler: ignore})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _, _ = setHandler(one, &before) })
	}
	ends := []unix.Signal{unix.SIGHUP, unix.SIGINT}
	pipe, caught := catchInto(t, []unix.Signal{unix.SIGUSR2}, ends)
	raise(t, ignored...)
	wantCaught(t, pipe)
	if err := caught.Always(ends, []unix.Signal{unix.SIGINT}); err != nil {
		t.Fatal(err)
	}
	raise(t, ignored...)
	raise(t, unix.SIGINT)
	wantCaught(t, pipe, byte(unix.SIGINT), byte(unix.SIGINT))
	caught.Release(ends)
	raise(t, ignored...)
	wantCaught(t, pipe)
}

// Real-time signals are caught like others, including those that the Go runtime thinks a C
// library may want.
func TestCatchRealtime(t *testing.T) {
	pipe, _ := catchInto(t, []unix.Signal{34, 37, 64}, nil)
	raise(t, 34, 37, 64, 37)
	wantCaught(t, pipe, 34, 37, 64, 37)
}
