package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	o, err := parse([]string{"-run", "TestX", "-count", "3", "-env", "A=1", "-env", "B=2", "-file", "/a:/b", "./cgroupv2", "./child/..."})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"./cgroupv2", "./child/..."}, o.packages); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(list{"A=1", "B=2"}, o.environment); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	if o.run != "TestX" || o.count != 3 {
		t.Errorf("run = %q, count = %d", o.run, o.count)
	}

	o, err = parse([]string{"-debian", "podman,crun", "-debian", "strace", "-shell"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(list{"podman", "crun", "strace"}, o.debian); diff != "" || !o.hasDisk() {
		t.Errorf("disk %v, Debian packages (-want +got):\n%s", o.hasDisk(), diff)
	}

	o, err = parse([]string{"-v", "--", "sh", "-c", "--", "x"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"sh", "-c", "--", "x"}, o.command); diff != "" {
		t.Errorf("command (-want +got):\n%s", diff)
	}
}

func TestParseRefuses(t *testing.T) {
	for arguments, want := range map[string]string{
		"":                         "nothing to run",
		"--":                       "wants a command",
		"./cgroupv2 -- sh":         "cannot be run together",
		"-count 0 ./cgroupv2":      "-count 0",
		"-memory 64 ./cgroupv2":    "at least 512 MiB",
		"-disk 16 ./cgroupv2":      "at least 1024 MiB",
		"-debian a,,b ./cgroupv2":  "an element is empty",
		"-cpus 0 ./cgroupv2":       "-cpus 0",
		"-unit-timeout 1ms ./a":    "at least a second",
		"-nonesuch ./cgroupv2":     "-nonesuch",
		"-timeout -1s ./cgroupv2":  "at least a second",
		"-unit-timeout 0s -shell ": "at least a second",
	} {
		if _, err := parse(strings.Fields(arguments)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parse(%q) gave %v, want an error with %q", arguments, err, want)
		}
	}
}

func TestGuestDirectory(t *testing.T) {
	found := goPackage{ImportPath: "m/child/rootfs", Dir: "/home/me/m/child/rootfs"}
	found.Module.Dir = "/home/me/m"
	if got, err := found.guestDirectory(); err != nil || got != "/src/child/rootfs" {
		t.Errorf("guestDirectory = %q, %v", got, err)
	}
	found.Dir = "/elsewhere"
	if got, err := found.guestDirectory(); err == nil {
		t.Errorf("guestDirectory of a package outside its module = %q, want an error", got)
	}
}

// TestProbeEnds runs the probe under QEMU's own emulation; where KVM works, it ends the
// same way.
func TestProbeEnds(t *testing.T) {
	if rom := probeFirmware(); len(rom)%(64<<10) != 0 {
		t.Errorf("the ROM has %d bytes, QEMU wants a multiple of 64 KiB", len(rom))
	}
	if err := runProbe(t.Context(), accelerators["tcg"], t.TempDir()); err != nil {
		t.Error(err)
	}
}

// TestProbeThatTakesLong: a guest whose instructions take too long does not count as one
// that works.
func TestProbeThatTakesLong(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := runProbe(ctx, accelerators["tcg"], t.TempDir()); err == nil {
		t.Error("a probe that was given no time has ended as it should")
	}
}
