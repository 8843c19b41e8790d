package main

import "sort"

// pidsSteps are the values of pids.max that are tried.
var pidsSteps = steps(1, step{16, 1}, step{64, 4})

// memorySteps are those of memory.max, in bytes: page by page where a program of
// one page may do, coarser where a page is nothing.
var memorySteps = steps(16<<10, step{256 << 10, 4 << 10}, step{1 << 20, 32 << 10}, step{4 << 20, 256 << 10}, step{64 << 20, 1 << 20})

// step is how far one value is from the next, up to a bound.
type step struct{ bound, width int64 }

func steps(first int64, widths ...step) (values []int64) {
	value := first
	for _, s := range widths {
		for ; value < s.bound; value += s.width {
			values = append(values, value)
		}
	}
	return append(values, value)
}

// tries are how many starts in a row make a limit worth to be confirmed.
const tries = 3

// smallestOf returns the first of the ascending limits with which all of the
// wanted starts succeed, 0 if none does. It takes for granted that more never hurts
// when it looks for where to begin, by a few tries each, and from there tries one
// after the other.
func smallestOf(limits []int64, wanted int, succeed func(limit int64, times int) (bool, error)) (int64, error) {
	var failure error
	begin := sort.Search(len(limits), func(i int) bool {
		if failure != nil {
			return true
		}
		var good bool
		good, failure = succeed(limits[i], min(tries, wanted))
		return good
	})
	if failure != nil {
		return 0, failure
	}
	for _, limit := range limits[begin:] {
		if good, err := succeed(limit, wanted); good || err != nil {
			return limit, err
		}
	}
	return 0, nil
}
