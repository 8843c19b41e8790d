package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	o, err := parse([]string{"-run", "TestX", "-runtime", "runc", "docker", "containerd"})
	if err != nil {
		t.Fatal(err)
	}
	if len(o.engines) != 2 || o.engines[0].name != "docker" || o.engines[1].name != "containerd" {
		t.Errorf("engines %v, want docker and containerd", o.engines)
	}
	if o, err = parse([]string{"all"}); err != nil || len(o.engines) != len(engines) {
		t.Errorf("all gave %d engines and %v, want %d", len(o.engines), err, len(engines))
	}
}

func TestParseRefuses(t *testing.T) {
	for arguments, want := range map[string]string{
		"":                   "name engines to test",
		"docker rkt":         `no engine is called "rkt"`,
		"-timeout 1s docker": "at least a minute",
		"-nonesuch docker":   "-nonesuch",
	} {
		if _, err := parse(strings.Fields(arguments)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parse(%q) gave %v, want an error with %q", arguments, err, want)
		}
	}
}

func TestCommand(t *testing.T) {
	o := options{runtime: "crun", timeout: 2 * time.Minute}
	e := engine{name: "e", directory: "below", run: "TestE", packages: []string{"a", "b"}, systemd: true}
	want := "-json -memory 3072 -debian a,b -timeout 2m0s -unit-timeout 1m30s" +
		" -systemd -file /tmp/tool:/usr/local/bin/tool -env ENGINES_RUNTIME=crun -run TestE github.com/fsrun/fsrun/internal/engines/below"
	if diff := cmp.Diff(want, strings.Join(o.command(e, []string{"/tmp/tool"}), " ")); diff != "" {
		t.Errorf("command (-want +got):\n%s", diff)
	}
}

func TestStatus(t *testing.T) {
	for name, test := range map[string]struct {
		result result
		want   int
	}{
		"all passed":     {result{Passed: 3}, 0},
		"a case failed":  {result{Passed: 3, Failed: 1}, statusFailed},
		"no guest":       {result{Error: "no kernel"}, statusBroken},
		"failed and end": {result{Failed: 1, Error: "the guest did not end in time"}, statusFailed},
	} {
		if got := test.result.status(); got != test.want {
			t.Errorf("%s: status %d, want %d", name, got, test.want)
		}
	}
}
