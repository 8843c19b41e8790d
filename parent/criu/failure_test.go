package criu

import (
	"bufio"
	"strings"
	"testing"
)

func TestCause(t *testing.T) {
	for log, want := range map[string]string{
		"":                                       "",
		"(00.1) Dumping finished successfully\n": "",
		"(00.160239) Error (criu/util.c:1534): rlimit: Can't setup RLIMIT_NOFILE for self: Operation not permitted\n" +
			"(00.514599) 19950 fdinfo 0: pos: 0 flags: 100000/0\n" +
			"(00.514685) Error (criu/files-reg.c:1790): Can't lookup mount=81 for fd=0 path=/dev/null\n" +
			"(00.514733) Error (criu/cr-dump.c:1975): Dumping FAILED.\n": "Can't lookup mount=81 for fd=0 path=/dev/null",
		"(00.018)      1: Error (criu/mount.c:2): mnt: Can't mount at ./tmp: No such file\n": "mnt: Can't mount at ./tmp: No such file",
		"(0.1) Error (a:1): " + strings.Repeat("x", 2*maxCause):                              strings.Repeat("x", maxCause),
	} {
		if got := cause(bufio.NewScanner(strings.NewReader(log))); got != want {
			t.Errorf("%q: %q, want %q", log, got, want)
		}
	}
}
