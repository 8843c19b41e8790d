package cli

import "strings"

// maxEdits is how many letters may differ between two names that are taken for
// the same, and maxCompared bounds the names that are compared at all.
const (
	maxEdits    = 2
	maxCompared = 64
)

// nearest returns the allowed name that is nearest to a given one, "" if none is
// near: a few letters differ, or the given one is how it begins.
func nearest(given string, allowed []string) string {
	if len(given) > maxCompared {
		return ""
	}
	best, fewest := "", maxEdits+1
	for _, name := range allowed {
		if edits := distance(given, name); edits < fewest && edits < len(given) {
			best, fewest = name, edits
		}
	}
	if best != "" || strings.Trim(given, "-") == "" {
		return best
	}
	for _, name := range allowed {
		if strings.HasPrefix(name, given) {
			return name
		}
	}
	return ""
}

// distance is the number of letters to insert, to delete or to replace that turn
// one text into the other (Levenshtein).
func distance(from, to string) int {
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(from) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(to) {
			replaced := diagonal
			if from[i] != to[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(to)]
}
