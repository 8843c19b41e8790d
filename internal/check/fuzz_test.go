package main

import "testing"

func TestExecutions(t *testing.T) {
	for said, want := range map[string]int{
		"": 0,
		"fuzz: elapsed: 0s, gathering baseline coverage: 0/12 completed\n":                                                                           0,
		"fuzz: elapsed: 0s, gathering baseline coverage: 0/436 completed\nfuzz: elapsed: 3s, gathering baseline coverage: 320/436 completed\nPASS\n": 320,
		"fuzz: elapsed: 0s, execs: 0 (0/sec), new interesting: 0 (total: 12)\n" +
			"fuzz: elapsed: 3s, execs: 4711 (1570/sec), new interesting: 3 (total: 15)\n" +
			"fuzz: elapsed: 4s, execs: 5000 (289/sec), new interesting: 3 (total: 15)\nPASS\n": 5000,
	} {
		if got := executions(said); got != want {
			t.Errorf("%q: %d, want %d", said, got, want)
		}
	}
}
