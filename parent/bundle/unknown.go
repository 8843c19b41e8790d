package bundle

import (
	"strconv"

	"github.com/fsrun/fsrun/parent/bundle/strictjson"
)

// ignoring warns of the properties of a document, called name, that are not known. The
// OCI runtime specification demands that they are ignored (config.md,
// "Extensibility"), but a protection whose name is misspelled was asked for.
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
