package strictjson

import "strings"

// MaxUnknown is how many unknown properties of a document are named; the rest are counted.
const MaxUnknown = 16

// Unknown is a property that is not in its object's table.
type Unknown struct {
	// Path is its path, such as process.noNewPrivilages.
	Path string
	// Near is a similar name in the table, which may have been meant; "" if there is none.
	Near string
}

// Unknowns are the unknown properties of a document.
type Unknowns struct {
	// Named holds the first MaxUnknown of them, in the document's order. Properties within
	// an unknown one are not listed.
	Named []Unknown
	// More is how many others there are.
	More int
}

// Unknown returns what has been found so far in objects that were read by tables.
func (d *Decoder) Unknown() Unknowns { return d.unknown }

// pass reads the value of a name that is not in a table of names entries, and records the
// name. A name that differs from a known one only in case is refused.
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

// maxEdits is by how many edits a name may differ from a known one to count as a
// misspelling of it.
const maxEdits = 2

// nearest returns the known name with the fewest edits, "" if none is near. More than half
// of a short name must be right.
func nearest(name string, names int, known func(int) string) string {
	found, fewest := "", maxEdits+1
	for i := range names {
		if edits := distance(name, known(i)); edits < fewest && 2*edits < len(known(i)) {
			found, fewest = known(i), edits
		}
	}
	return found
}

// distance returns the Levenshtein distance of two texts in bytes, or a number greater than
// maxEdits if their lengths already differ by more: a name may be megabytes long.
func distance(a, b string) int {
	if max(len(a), len(b))-min(len(a), len(b)) > maxEdits {
		return maxEdits + 1
	}
	row := make([]int, len(b)+1) // the matrix's row for the prefix of a read so far
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
