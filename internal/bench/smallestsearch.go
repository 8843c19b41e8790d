package main

import "sort"

// pidsSteps are the values of pids.max to try.
var pidsSteps = steps(1, step{16, 1}, step{64, 4})

// memorySteps are the values of memory.max to try, in bytes: page by page for the smallest,
// and more coarsely as one page matters less.
var memorySteps = steps(16<<10, step{256 << 10, 4 << 10}, step{1 << 20, 32 << 10}, step{4 << 20, 256 << 10}, step{64 << 20, 1 << 20})

// step is the distance between values up to a bound.
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

// tries is how many successful starts in a row make a limit worth confirming.
const tries = 3

// smallestOf returns the first of the ascending limits with which all wanted starts
// succeed, 0 if there is none. To find where to begin, it makes a few tries each and
// assumes that a larger limit never hurts; from there it tries one limit after another.
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
