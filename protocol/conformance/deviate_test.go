package conformance

import (
	"strings"
	"testing"
)

// TestWhomTheEndOfTheStreamConcerns: what the end of the stream requires of a child, it
// does not require of a parent, and vice versa.
func TestWhomTheEndOfTheStreamConcerns(t *testing.T) {
	for subject, must := range map[string]string{Child: "M-END-2", Parent: "M-END-3"} {
		found := false
		for _, c := range Deviations(subject) {
			for _, cited := range c.Musts {
				if strings.HasPrefix(cited, "M-END-") && cited != must {
					t.Errorf("%s of the %s cites %s", c.Name, subject, cited)
				}
				found = found || cited == must
			}
		}
		if !found {
			t.Errorf("nothing cites %s", must)
		}
	}
}
