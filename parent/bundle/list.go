package bundle

import (
	"strconv"
	"strings"
)

// ParseList parses a list of CPUs or memory nodes in the format of cpuset(7), such as
// "0-3,7". The result is ascending and without duplicates. An empty text is an empty list.
// The path is for the error.
func ParseList(path, text string, most uint32) ([]uint32, error) {
	if text == "" {
		return nil, nil
	}
	member := make([]bool, most+1)
	for part := range strings.SplitSeq(text, ",") {
		low, high, isRange := strings.Cut(part, "-")
		first, err := strconv.ParseUint(low, 10, 32)
		last := first
		if err == nil && isRange {
			last, err = strconv.ParseUint(high, 10, 32)
		}
		if err != nil || last < first || last > uint64(most) {
			return nil, refuse(path, quote(text)+": "+quote(part)+" is no number and no range", "numbers from 0 to "+decimal(most)+" and ranges of them, such as 0-3,7")
		}
		for number := first; number <= last; number++ {
			member[number] = true
		}
	}
	var numbers []uint32
	for number, is := range member {
		if is {
			numbers = append(numbers, uint32(number))
		}
	}
	return numbers, nil
}
