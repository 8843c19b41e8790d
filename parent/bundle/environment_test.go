package bundle

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

func TestEnvironmentHasTheLastValues(t *testing.T) {
	for _, test := range []struct{ given, want []string }{
		{nil, []string{}},
		{[]string{"A=1", "B", "C="}, []string{"A=1", "B", "C="}},
		{[]string{"A=1", "PATH=/nope", "A=2", "PATH=/bin", "A=3"}, []string{"A=3", "PATH=/bin"}},
		{[]string{"A=1", "AB=2", "A=x=y"}, []string{"A=x=y", "AB=2"}},
		{[]string{"", "A", "", "A", "A=1"}, []string{"", "A", "", "A", "A=1"}},
	} {
		given := append([]string(nil), test.given...)
		if diff := cmp.Diff(test.want, Environment(&specs.Process{Env: given})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.given, diff)
		}
		if diff := cmp.Diff(append([]string(nil), test.given...), given); diff != "" {
			t.Errorf("the caller's own was changed (-before +after):\n%s", diff)
		}
	}
}
