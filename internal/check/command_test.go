package main

import (
	"slices"
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

// TestLinesAreShownWhole writes pieces of lines.
func TestLinesAreShownWhole(t *testing.T) {
	var shown []string
	to := &lines{say: func(line string) { shown = append(shown, line) }}
	for _, piece := range []string{"on", "e\ntwo\n\nfo", "ur\n", "no line yet"} {
		if count, err := to.Write([]byte(piece)); count != len(piece) || err != nil {
			t.Fatalf("Write(%q) = %d, %v", piece, count, err)
		}
	}
	if want := []string{"one", "two", "", "four"}; !slices.Equal(shown, want) {
		t.Errorf("shown: %q, want %q", shown, want)
	}
}
