package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSummarize(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(100-i))
	}
	for _, test := range []struct {
		name      string
		durations []time.Duration
		want      summary
	}{
		{"one", []time.Duration{7}, summary{7, 7}},
		{"odd", []time.Duration{9, 1, 5}, summary{5, 9}},
		{"even", []time.Duration{4, 1, 2, 3}, summary{2, 4}},
		{"a hundred", hundred, summary{50, 99}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, summarize(test.durations)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestCompare: the median of the pairs' ratios, not the ratio of the medians, and
// for 100 pairs the interval between the 41st and the 61st.
func TestCompare(t *testing.T) {
	var one, other []time.Duration
	for i := range 100 {
		one, other = append(one, time.Duration(i+1)*time.Second), append(other, 100*time.Second)
	}
	if diff := cmp.Diff(ratio{Median: 0.505, Low: 0.41, High: 0.61}, compare(one, other)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(ratio{Median: 1, Low: 0.5, High: 2}, compare([]time.Duration{1, 2, 4}, []time.Duration{2, 2, 2})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
