// Package stories holds the stories that the conformance kit plays: those in
// child against a child, those in parent against a parent.
package stories

import "embed"

// FS holds the stories, by subject.
//
//go:embed child/*.txt parent/*.txt
var FS embed.FS
