package bundle

import (
	"strconv"

	"github.com/fsrun/fsrun/parent/bundle/strictjson"
)

// ignoring returns warnings about unknown properties in a document called name. The OCI
// runtime specification requires that they are ignored (config.md, "Extensibility"), but
// one may be a protection whose name is misspelled.
func ignoring(name string, unknown *strictjson.Unknowns) []string {
	var warnings []string
	for _, property := range unknown.Named {
		warning := name + ": " + property.Path + " is not known and ignored"
		if property.Near != "" {
			warning += "; did you mean " + property.Near + "?"
		}
		warnings = append(warnings, warning)
	}
	if unknown.More > 0 {
		warnings = append(warnings, name+": "+strconv.Itoa(unknown.More)+" more properties are not known and ignored")
	}
	return warnings
}
