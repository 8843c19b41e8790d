package main

import "testing"

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 arguments", 1: "1 argument", 2: "2 arguments"} {
		if got := count(n, "argument"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
