package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
)

// TestStreamsAndPreservedDescriptors: the program has the caller's standard streams and the
// descriptors that are passed on, each with its number.
//
// SPEC: M-TRAN-13
func TestStreamsAndPreservedDescriptors(t *testing.T) {
	c := newContainer(t, harness.Shell("cat; cat <&3; cat <&4; echo complaint >&2"))
	command := exec.Command("fsrun", "--root", c.StateRoot, "run", "--preserve-fds", "2", "--bundle", c.Bundle, c.ID)
	command.Stdin = strings.NewReader("standard input\n")
	for _, name := range []string{"three", "four"} {
		path := filepath.Join(t.TempDir(), name)
		must(t, os.WriteFile(path, []byte(name+"\n"), 0o600))
		file, err := os.Open(path)
		must(t, err)
		defer file.Close()
		command.ExtraFiles = append(command.ExtraFiles, file)
	}
	var output, complaint bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaint
	must(t, command.Run())
	equal(t, "standard output", "standard input\nthree\nfour\n", output.String())
	equal(t, "standard error", "complaint\n", complaint.String())
}

// TestSignalsThatTheCallerBlocks: none is blocked in the program.
//
// SPEC: M-TRAN-14
func TestSignalsThatTheCallerBlocks(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/grep", "^SigBlk:", "/proc/self/status"))
	runtime.LockOSThread() // its signal mask is inherited by a process that it starts
	defer runtime.UnlockOSThread()
	set := unix.Sigset_t{Val: [16]uint64{1<<(unix.SIGUSR1-1) | 1<<(unix.SIGTERM-1)}}
	var before unix.Sigset_t
	must(t, unix.PthreadSigmask(unix.SIG_BLOCK, &set, &before))
	defer func() { must(t, unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)) }()
	own, err := os.ReadFile("/proc/thread-self/status")
	must(t, err)
	if want := "\nSigBlk:\t0000000000004200\n"; !strings.Contains(string(own), want) {
		t.Fatalf("the caller's thread has not %q:\n%s", want, own)
	}
	output, err := exec.Command("fsrun", "--root", c.StateRoot, "run", "--bundle", c.Bundle, c.ID).CombinedOutput()
	must(t, err)
	equal(t, "the program's", "SigBlk:\t0000000000000000\n", string(output))
}
