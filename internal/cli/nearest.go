package cli

import "strings"

// maxEdits is how many letters may differ between two names that are taken for the same,
// and lettersPerEdit how many letters must be given for each of them: if two out of three
// letters differ, it is another word. Too many names begin with fewer than leastGiven
// letters, and longer names than maxCompared are not compared.
const (
	maxEdits       = 2
	lettersPerEdit = 3
	leastGiven     = 2
	maxCompared    = 64
)

// nearest returns the allowed name closest to a given one, or "": the only one that begins
// with it, or else the one with the fewest different letters. Leading dashes do not count.
func nearest(given string, allowed []string) string {
	given = strings.TrimLeft(given, "-")
	if len(given) < leastGiven || len(given) > maxCompared {
		return ""
	}
	var beginning []string
	best, fewest := "", min(maxEdits, len(given)/lettersPerEdit)+1
	for _, name := range allowed {
		bare := strings.TrimLeft(name, "-")
		if strings.HasPrefix(bare, given) {
			beginning = append(beginning, name)
		}
		if edits := distance(given, bare); edits < fewest {
			best, fewest = name, edits
		}
	}
	if len(beginning) == 1 {
		return beginning[0]
	}
	return best
}

// distance returns the number of edits that turn one text into the other: inserting,
// deleting or replacing a letter, or swapping two neighbours (optimal string alignment). A
// swap counts as one edit because it is a single typing error.
func distance(from, to string) int {
	rows := make([][]int, len(from)+1)
	for i := range rows {
		rows[i] = make([]int, len(to)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(from); i++ {
		for j := 1; j <= len(to); j++ {
			replaced := rows[i-1][j-1]
			if from[i-1] != to[j-1] {
				replaced++
			}
			rows[i][j] = min(replaced, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && from[i-1] == to[j-2] && from[i-2] == to[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(from)][len(to)]
}
