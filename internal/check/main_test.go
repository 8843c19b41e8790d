package main

import "testing"

func TestWants(t *testing.T) {
	for name, test := range map[string]struct {
		options options
		step    string
		want    bool
	}{
		"a step by default":            {options{}, "vet", true},
		"one on request by default":    {options{}, "engines", false},
		"one on request, named":        {options{only: []string{"vet", "engines"}}, "engines", true},
		"one that is not named":        {options{only: []string{"vet"}}, "lint", false},
		"one that is left out":         {options{skip: []string{"vet"}}, "vet", false},
		"one that is named and left":   {options{only: []string{"vet"}, skip: []string{"vet"}}, "vet", false},
		"another than the one skipped": {options{skip: []string{"vet"}}, "lint", true},
	} {
		if got := test.options.wants(test.step); got != test.want {
			t.Errorf("%s: wants(%s) = %v, want %v", name, test.step, got, test.want)
		}
	}
}
