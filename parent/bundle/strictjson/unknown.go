package strictjson

import "strings"

// MaxUnknown is how many unknown properties of a document are named; the others are
// counted.
const MaxUnknown = 16

// Unknown is a property that the table of its object does not have.
type Unknown struct {
	// Path names it, for example process.noNewPrivilages.
	Path string
	// Near is a name that the table has and that may be meant, "" if none is near.
	Near string
}

// Unknowns are the unknown properties of a document.
type Unknowns struct {
	// Named are the first MaxUnknown of them, in the document's order. What is
	// within one of them is not looked at.
	Named []Unknown
	// More is how many there are beside those.
	More int
}

// Unknown returns what has been found so far in the objects that were read by tables.
func (d *Decoder) Unknown() Unknowns { return d.unknown }

// pass reads the value of a name that a table of so many names does not have, and
// keeps the name. One that differs only in case is refused.
func (d *Decoder) pass(name string, names int, known func(int) string) {
	for i := range names {
		if strings.EqualFold(known(i), name) {
			d.Fail("is not a property's name", Quote(known(i))+" in this spelling")
			return
		}
	}
	if len(d.unknown.Named) == MaxUnknown {
		d.unknown.More++
	} else {
		d.unknown.Named = append(d.unknown.Named, Unknown{renderPath(d.path), nearest(name, names, known)})
	}
	d.Skip()
}

// maxEdits is how many letters a name may have too many, too few or wrong, to be taken
// for a misspelled one.
const maxEdits = 2

// nearest returns the name that is the fewest edits away, "" if none is near. Of a
// short name more than half has to be right.
func nearest(name string, names int, known func(int) string) string {
	found, fewest := "", maxEdits+1
	for i := range names {
		if edits := distance(name, known(i)); edits < fewest && 2*edits < len(known(i)) {
			found, fewest = known(i), edits
		}
	}
	return found
}

// distance is the Levenshtein distance of two texts in bytes, or more than maxEdits if
// their lengths alone differ by that: a name may have megabytes.
func distance(a, b string) int {
	if max(len(a), len(b))-min(len(a), len(b)) > maxEdits {
		return maxEdits + 1
	}
	row := make([]int, len(b)+1) // of the matrix, for what has been seen of a
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substituted := diagonal
			if a[i] != b[j] {
				substituted++
			}
			diagonal = row[j+1]
			row[j+1] = min(substituted, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
