package parent

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/protocol"
)

// unified returns limits to be written as they are.
func unified(values map[string]string) *specs.LinuxResources {
	return &specs.LinuxResources{Unified: values}
}

// TestLimitsFitTheFrame: limits that do not fit into Committed are refused with their place
// before anything is made; the most that is accepted does fit.
//
// SPEC: M-LIM-1
func TestLimitsFitTheFrame(t *testing.T) {
	const most = 1024 // as in SPEC.md, "Fields of each kind", for Committed
	wide := map[string]string{}
	for i := range 25 {
		wide[fmt.Sprintf("misc.wide%02d", i)] = strings.Repeat("1", 4095)
	}
	for _, test := range []struct {
		name      string
		resources *specs.LinuxResources
		place     string // "" if they fit
	}{
		{"the most settings", unified(map[string]string{"memory.high": strings.Repeat("max\n", most)}), ""},
		{"one more", unified(map[string]string{"memory.high": strings.Repeat("max\n", most+1)}), `linux.resources.unified["memory.high"]`},
		{"one more in another place", unified(map[string]string{"io.max": strings.Repeat("8:0 rbps=1\n", most), "pids.max": "max"}), `linux.resources.unified["pids.max"]`},
		{"a frame's bytes", unified(wide), `linux.resources.unified["misc.wide23"]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := &prepared{}
			err := p.resources(test.resources, func(string) {})
			if test.place != "" {
				var placed interface{ Place() string }
				if !errors.As(err, &placed) || placed.Place() != test.place {
					t.Errorf("got %v, want one about %s", err, test.place)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			limits, err := readBack(p.limits.Settings())
			if err != nil || len(limits) != most {
				t.Fatalf("%d limits, %v", len(limits), err)
			}
			h := &handshake{committed: &protocol.Committed{Cgroup: "/" + strings.Repeat("c", protocol.MaxPath-1), Limits: limits}}
			if err := h.encode(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestReadBackThatCannotBeTold: if the kernel shows more than fits into the frame, the
// commit fails, with the place.
//
// SPEC: M-COM-2
func TestReadBackThatCannotBeTold(t *testing.T) {
	standing := []cgroupv2.Setting{
		{File: "pids.max", Value: "1", Path: "linux.resources.pids.limit"},
		{File: "x.y", Value: strings.Repeat("a", protocol.MaxText), Path: `linux.resources.unified["x.y"]`},
	}
	if limits, err := readBack(standing); err != nil || len(limits) != 2 || limits[0] != (protocol.Pair{Name: "pids.max", Value: "1"}) {
		t.Errorf("%v, %v", limits, err)
	}
	standing[1].Value += "a"
	_, err := readBack(standing)
	var placed interface{ Place() string }
	if !errors.As(err, &placed) || placed.Place() != standing[1].Path || len(err.Error()) > 200 {
		t.Errorf("got %v", err)
	}
	h := &handshake{committed: &protocol.Committed{Limits: make([]protocol.Pair, 100)}}
	for i := range h.committed.Limits {
		h.committed.Limits[i] = protocol.Pair{Name: "x.y", Value: standing[1].Value[1:]}
	}
	if err := h.encode(); err == nil || !strings.HasPrefix(err.Error(), "linux.resources: ") {
		t.Errorf("100 values of %d bytes: %v", protocol.MaxText, err)
	}
}
