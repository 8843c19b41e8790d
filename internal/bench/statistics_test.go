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

// TestCompare: the result is the median of the pairs' ratios, not the ratio of the medians,
// and for 100 pairs the interval between the 40th and the 61st.
func TestCompare(t *testing.T) {
	var one, other []time.Duration
	for i := range 100 {
		one, other = append(one, time.Duration(i+1)*time.Second), append(other, 100*time.Second)
	}
	want := ratio{Median: 0.505, Low: 0.40, High: 0.61, Rounds: 100, Confident: true}
	if diff := cmp.Diff(want, compare(one, other)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	want = ratio{Median: 1, Low: 0.5, High: 2, Rounds: 3}
	if diff := cmp.Diff(want, compare([]time.Duration{1, 2, 4}, []time.Duration{2, 2, 2})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// The probabilities that an interval between order statistics misses the median are known:
// twice the sum of the binomial coefficients, divided by 2^count.
func TestInterval(t *testing.T) {
	for _, test := range []struct {
		count   int
		outside int
		exists  bool
		text    string // for the ratios 1, 2, ...
	}{
		{1, 0, false, "one round"},
		{2, 0, false, "2 rounds: 1.00–2.00"},
		{3, 0, false, "3 rounds: 1.00–3.00"},
		{4, 0, false, "4 rounds: 1.00–4.00"},
		{5, 0, false, "5 rounds: 1.00–5.00"}, // misses 2/32
		{6, 0, true, "1.00–6.00"},            // 2/64
		{7, 0, true, "1.00–7.00"},            // 2/128; one further in 16/128
		{8, 0, true, "1.00–8.00"},            // 2/256; one further in 18/256
		{9, 1, true, "2.00–8.00"},            // 20/512
		{11, 1, true, "2.00–10.00"},          // 24/2048; one further in 134/2048
		{12, 2, true, "3.00–10.00"},          // 158/4096
		{10_000, 4901, true, "4902.00–5099.00"},
	} {
		outside, exists := beyondInterval(test.count)
		if outside != test.outside || exists != test.exists {
			t.Errorf("of %d: %d outside, %t; want %d, %t", test.count, outside, exists, test.outside, test.exists)
		}
		var one, other []time.Duration
		for i := range test.count {
			one, other = append(one, time.Duration(i+1)), append(other, 1)
		}
		if got := compare(one, other); got.interval() != test.text {
			t.Errorf("of %d: %q, want %q", test.count, got.interval(), test.text)
		}
	}
}
