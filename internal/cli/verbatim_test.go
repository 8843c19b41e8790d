package cli

import (
	"slices"
	"testing"

	"github.com/spf13/pflag"
)

// After the operands everything is the program's, even flags of ours.
func TestVerbatim(t *testing.T) {
	for _, c := range []struct {
		line, want []string
		force      bool
	}{
		{[]string{"show", "-f", "web", "-f"}, []string{"web", "-f"}, true},
		{[]string{"show", "web", "-ef", "--", "--root"}, []string{"web", "-ef", "--", "--root"}, false},
		{[]string{"show", "--", "web", "-f"}, []string{"web", "-f"}, false},
		{[]string{"show", "web"}, []string{"web"}, false},
	} {
		force := false
		p := &Program{Groups: []Group{{Commands: []*Command{{
			Name: "show", Least: 1, Most: Unlimited, TakesProgram: true, Operands: 1, Verbatim: true,
			Flags: func(flags *pflag.FlagSet) { flags.BoolVarP(&force, "force", "f", false, "") },
		}}}}}
		got, err := p.Parse(c.line)
		if err != nil || !slices.Equal(got.Operands, c.want) || force != c.force {
			t.Errorf("%q is %q with force %v, %v", c.line, got.Operands, force, err)
		}
	}
}
