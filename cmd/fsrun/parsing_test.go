package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol/machine"
)

func TestParseSignal(t *testing.T) {
	for _, c := range []struct {
		text string
		want unix.Signal // -1: refused
	}{
		{"TERM", unix.SIGTERM}, {"SIGTERM", unix.SIGTERM}, {"sigterm", unix.SIGTERM}, {"kill", unix.SIGKILL},
		{"9", unix.SIGKILL}, {"1", unix.SIGHUP}, {"64", 64}, {"37", 37}, {"0", 0},
		{"IOT", unix.SIGABRT}, {"SIGCLD", unix.SIGCHLD}, {"poll", unix.SIGIO},
		{"RTMIN", 34}, {"SIGRTMIN+3", 37}, {"rtmin+30", 64}, {"RTMIN+0", 34}, {"RTMAX", 64}, {"SIGRTMAX-1", 63}, {"RTMAX-30", 34},
		{"65", -1}, {"-9", -1}, {"", -1}, {"SIG", -1}, {"SIGSIGTERM", -1}, {"9 ", -1}, {"TERMS", -1},
		{"RTMIN+31", -1}, {"RTMAX-31", -1}, {"RTMIN-1", -1}, {"RTMAX+1", -1}, {"RTMIN+", -1}, {"RTMIN3", -1}, {"RTMIN++3", -1}, {"SIGSIGRTMIN", -1},
	} {
		got, err := parseSignal(c.text)
		if err != nil {
			got = -1
		}
		if got != c.want {
			t.Errorf("%q is %d, %v; want %d", c.text, got, err, c.want)
		}
	}
}

// CLASS: V12
func TestUserIDs(t *testing.T) {
	for _, c := range []struct {
		text string
		want *specs.User // nil: refused
	}{
		{"1", &specs.User{UID: 1, GID: 7}}, {"1:2", &specs.User{UID: 1, GID: 2}}, {"0", &specs.User{GID: 7}},
		{"4294967294", &specs.User{UID: 4294967294, GID: 7}},
		{"4294967295", nil}, {"4294967296", nil}, {"-1", nil}, {"+1", nil}, {"1x", nil}, {":1", nil}, {"1:", nil}, {"", nil}, {"1:2:3", nil}, {" 1", nil},
	} {
		var ids userIDs
		err := ids.Set(c.text)
		if (err == nil) != (c.want != nil) {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		user := specs.User{UID: 5, GID: 7}
		if ids.apply(&user); err == nil && !cmp.Equal(user, *c.want) {
			t.Errorf("%q makes %+v", c.text, user)
		}
	}
}

func TestDeadlines(t *testing.T) {
	var d deadlines
	for _, text := range []string{"preparing=1.5s", "awaiting_commit=0s", "preparing=2s"} {
		if err := d.Set(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	want := deadlines{machine.State("preparing"): 2 * time.Second, machine.State("awaiting_commit"): 0}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Error(diff)
	}
	for _, text := range []string{"", "preparing", "preparing=", "=1s", "idle=1s", "preparing=-1s", "preparing=1", "preparing=1193h2m47.296s", "preparing=1us"} {
		if err := d.Set(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestProcessChanges(t *testing.T) {
	c := processChanges{
		directory: "/bin", environment: []string{"A=b"}, terminal: true, noNewPrivs: true,
		groups: []uint{3}, capabilities: []string{"net_raw", "CAP_KILL"},
	}
	process := &specs.Process{Cwd: "/", Env: []string{"A=a"}, Capabilities: &specs.LinuxCapabilities{Bounding: []string{"CAP_KILL"}}}
	if err := c.apply(process); err != nil {
		t.Fatal(err)
	}
	raw := []string{"CAP_NET_RAW", "CAP_KILL"}
	want := &specs.Process{
		Cwd: "/bin", Env: []string{"A=a", "A=b"}, Terminal: true, NoNewPrivileges: true,
		User:         specs.User{AdditionalGids: []uint32{3}},
		Capabilities: &specs.LinuxCapabilities{Bounding: []string{"CAP_KILL", "CAP_NET_RAW"}, Permitted: raw, Effective: raw},
	}
	if diff := cmp.Diff(want, process); diff != "" {
		t.Error(diff)
	}
	for _, wrong := range []processChanges{
		{capabilities: []string{""}}, {capabilities: []string{"CAP_"}}, {capabilities: []string{"net-raw"}},
		{capabilities: []string{"NET_RAW,KILL"}}, {capabilities: []string{" KILL"}}, {groups: []uint{1 << 32}},
	} {
		if err := wrong.apply(&specs.Process{}); err == nil {
			t.Errorf("%+v is taken", wrong)
		}
	}
}

func TestOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"plain":            "plain",
		"one\ntwo\n":       "one; two",
		"\x1b[31mred":      `\x1b[31mred`,
		"größe 1\u00a0MiB": `größe 1\u00a0MiB`,
	} {
		if got := oneLine(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
