package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// summary summarizes samples.
type summary struct {
	Median, P99 time.Duration
}

func summarize(durations []time.Duration) summary {
	sorted := slices.Sorted(slices.Values(durations))
	return summary{Median: median(sorted), P99: sorted[rank(0.99, len(sorted))]}
}

// median returns the median of a sorted list.
func median[T time.Duration | float64](sorted []T) T {
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// rank returns the index of a quantile in a sorted list (nearest rank).
func rank(quantile float64, count int) int {
	return max(0, int(math.Ceil(quantile*float64(count)))-1)
}

// ratio is the median of ratios of pairs. If Confident, Low and High are the bounds of a 95
// % confidence interval; otherwise there are too few rounds for one, and they are the
// smallest and the largest ratio.
type ratio struct {
	Median, Low, High float64
	Rounds            int
	Confident         bool
}

// compare returns the ratio of paired samples.
func compare(one, other []time.Duration) ratio {
	var ratios []float64
	for i := range one {
		ratios = append(ratios, float64(one[i])/float64(other[i]))
	}
	slices.Sort(ratios)
	last := len(ratios) - 1
	outside, confident := beyondInterval(len(ratios))
	return ratio{
		Median: median(ratios),
		Low:    ratios[outside],
		High:   ratios[last-outside],
		Rounds: len(ratios), Confident: confident,
	}
}

// fewestRounds is the smallest number of rounds with a 95 % confidence interval for the
// median: five samples are all on the same side of it with a probability of 1/16.
const fewestRounds = 6

// beyondInterval returns how many order statistics are outside, on each side, of the
// narrowest symmetric 95 % confidence interval for the median. The number of samples below
// the median has a binomial distribution, whatever the distribution of the samples. With
// fewer than fewestRounds, there is no such interval.
func beyondInterval(count int) (outside int, exists bool) {
	const mostMissed = 0.05 / 2 // on one side
	ranks := 0                  // how many order statistics could be the lower bound
	for most := binomial(count, 0); most <= mostMissed; most += binomial(count, ranks) {
		ranks++
	}
	return max(ranks-1, 0), ranks > 0
}

// binomial returns the probability that exactly below of count samples are below the median
// of their distribution. It uses logarithms to avoid underflow.
func binomial(count, below int) float64 {
	logFactorial := func(n int) float64 {
		logarithm, _ := math.Lgamma(float64(n + 1))
		return logarithm
	}
	return math.Exp(logFactorial(count) - logFactorial(below) - logFactorial(count-below) - float64(count)*math.Ln2)
}

// interval formats the interval of a ratio.
func (r *ratio) interval() string {
	bounds := fmt.Sprintf("%.2f–%.2f", r.Low, r.High)
	switch {
	case r.Confident:
		return bounds
	case r.Rounds == 1:
		return "one round"
	}
	return fmt.Sprintf("%d rounds: %s", r.Rounds, bounds)
}
