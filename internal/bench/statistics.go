package main

import (
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

// ratio is the median of the ratios of pairs, and the interval that holds the
// true median with 95 % confidence.
type ratio struct {
	Median, Low, High float64
}

// compare divides pairwise. The interval is between order statistics, whose
// ranks are binomial whatever the distribution of the ratios is.
func compare(one, other []time.Duration) ratio {
	var ratios []float64
	for i := range one {
		ratios = append(ratios, float64(one[i])/float64(other[i]))
	}
	slices.Sort(ratios)
	count := float64(len(ratios))
	const confidence = 1.96 // standard deviations
	reach := confidence * math.Sqrt(count) / 2
	low, high := int(math.Floor(count/2-reach)), int(math.Ceil(count/2+reach))
	return ratio{
		Median: median(ratios),
		Low:    ratios[max(low, 0)],
		High:   ratios[min(high, len(ratios)-1)],
	}
}
