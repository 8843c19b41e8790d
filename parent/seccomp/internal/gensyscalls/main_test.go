package main

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

// TestUpToDate fails when the committed tables are not what the generator writes now.
func TestUpToDate(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skipf("the generator reads module sources through the go command: %v", err)
	}
	want, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../" + output)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is out of date: run go generate in parent/seccomp", output)
	}
}

// TestX32 checks the derived table against what the kernel headers state for single calls.
func TestX32(t *testing.T) {
	got := table{"read": 0, "rt_sigaction": 13, "uselib": 134, "execveat": 322, "openat2": 437}
	toX32(got)
	for name, want := range map[string]uint32{
		"read": x32Bit, "rt_sigaction": x32Bit + 512, "execveat": x32Bit + 545, "openat2": x32Bit + 437,
	} {
		if got[name] != want {
			t.Errorf("%s is %#x, want %#x", name, got[name], want)
		}
	}
	if number, ok := got["uselib"]; ok {
		t.Errorf("uselib is %#x, want none", number)
	}
}
