package main

import (
	"strings"
	"testing"
)

func TestOutputOfAFailedCommandShowsBothStreams(t *testing.T) {
	_, err := output(t.Context(), "", nil, "sh", "-c", "echo to stdout; echo to stderr >&2; echo again; exit 3")
	if err == nil {
		t.Fatal("output gave no error for exit status 3")
	}
	for _, want := range []string{"exit status 3", "to stdout\n", "to stderr\n", "again\n"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %q, want %q in it", err, want)
		}
	}
}

func TestOutputReturnsStandardOutputAlone(t *testing.T) {
	said, err := output(t.Context(), "/", []string{"ADDED=yes"}, "sh", "-c", "echo noise >&2; pwd; echo $ADDED")
	if err != nil || said != "/\nyes\n" {
		t.Errorf("output = %q, %v; want the directory and the variable", said, err)
	}
}
