package spawn

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// TestBind: a child is bound to the CPUs that were asked for, or else to one near us if that
// was asked for.
func TestBind(t *testing.T) {
	given, near := []string{"sched_setaffinity the initial CPUs"}, []string{"sched_setaffinity"}
	for name, test := range map[string]struct {
		request Request
		want    []string
	}{
		"not at all":     {Request{}, []string{}},
		"to CPUs":        {Request{CPUs: new(unix.CPUSet)}, given},
		"near":           {Request{Near: true}, near},
		"to CPUs, first": {Request{CPUs: new(unix.CPUSet), Near: true}, given},
	} {
		var program sys.Program
		bind(&program, test.request)
		if diff := cmp.Diff(test.want, program.Names()); diff != "" {
			t.Errorf("%s: calls (-want +got):\n%s", name, diff)
		}
	}
}
