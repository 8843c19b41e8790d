package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// summary is what is told of many samples of one thing.
type summary struct {
	Median, P99 time.Duration
}

func summarize(durations []time.Duration) summary {
	sorted := slices.Sorted(slices.Values(durations))
	return summary{Median: median(sorted), P99: sorted[rank(0.99, len(sorted))]}
}

// median is that of a sorted list.
func median[T time.Duration | float64](sorted []T) T {
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// rank is the index of a quantile in a sorted list, by the nearest rank.
func rank(quantile float64, count int) int {
	return max(0, int(math.Ceil(quantile*float64(count)))-1)
}

// ratio is the median of the ratios of pairs. Where there are rounds enough, Low
// and High bound the true median with at least 95 % confidence; else they are the
// least and the greatest ratio.
type ratio struct {
	Median, Low, High float64
	Rounds            int
	Confident         bool
}

// compare divides pairwise.
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

// fewestRounds are those without which no interval holds the true median with 95 %
// confidence: that all of five samples lie on one side of it has a probability of 1/16.
const fewestRounds = 6

// beyondInterval is how many of the order statistics lie on either side of the
// narrowest symmetric interval between two of them that holds the true median with
// 95 % confidence. How many samples are below the median is binomial, whatever
// their distribution is. Of fewer than fewestRounds there is no such interval.
func beyondInterval(count int) (outside int, exists bool) {
	const mostMissed = 0.05 / 2 // on one side
	ranks := 0                  // how many may bound it from below
	for most := binomial(count, 0); most <= mostMissed; most += binomial(count, ranks) {
		ranks++
	}
	return max(ranks-1, 0), ranks > 0
}

// binomial is the probability that exactly so many of count samples are below
// their distribution's median. Logarithms keep it from vanishing.
func binomial(count, below int) float64 {
	logFactorial := func(n int) float64 {
		logarithm, _ := math.Lgamma(float64(n + 1))
		return logarithm
	}
	return math.Exp(logFactorial(count) - logFactorial(below) - logFactorial(count-below) - float64(count)*math.Ln2)
}

// interval is what is told of a ratio beside its median.
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
