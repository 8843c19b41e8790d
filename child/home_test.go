package child

import (
	"strings"
	"testing"

	"github.com/fsrun/fsrun/child/rootfs"
)

func TestHomeOf(t *testing.T) {
	const users = "root:x:0:0:root:/root:/bin/sh\n" +
		"broken:x:1000\n" +
		"first:x:1000:1000::/home/first:/bin/sh\n" +
		"second:x:1000:1000::/home/second:/bin/sh\n" +
		"relative:x:1001:1001::home:/bin/sh\n" +
		"short:x:1002:1002::/home/short\n" +
		"nul:x:1003:1003::/home/\x00nul:/bin/sh\n"
	for uid, want := range map[uint32]string{
		0: "/root", 1000: "/home/first", 1001: "/", 1002: "/home/short", 1003: "/", 4242: "/", 4294967295: "/",
	} {
		if got := homeOf(uid, users); got != want {
			t.Errorf("homeOf(%d) = %q, want %q", uid, got, want)
		}
	}
}

// TestWithHome: what the plan says is left alone.
//
// SPEC: M-PLAN-7
func TestWithHome(t *testing.T) {
	builder := rootfs.New()
	defer builder.Close()
	for given, want := range map[string]string{
		"A=1":             "A=1|HOME=/",
		"A=1|HOME=/mine":  "A=1|HOME=/mine",
		"HOME=":           "HOME=",
		"MYHOME=/no|HOME": "MYHOME=/no|HOME|HOME=/",
	} {
		const nobody = 4242424
		if got := strings.Join(withHome(builder, strings.Split(given, "|"), nobody), "|"); got != want {
			t.Errorf("withHome(%q) = %q, want %q", given, got, want)
		}
	}
}
