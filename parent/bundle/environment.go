package bundle

import (
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Environment returns a process's environment with each variable only once. A repeated
// variable takes its last value but keeps its first position: callers append entries to
// override, and which of two a program would use is up to the program (environ(7)). An
// entry without "=" is not a variable and is left as it is.
func Environment(process *specs.Process) []string {
	at := make(map[string]int, len(process.Env))
	unique := make([]string, 0, len(process.Env))
	for _, entry := range process.Env {
		name, _, variable := strings.Cut(entry, "=")
		if first, repeated := at[name]; repeated && variable {
			unique[first] = entry
			continue
		}
		if variable {
			at[name] = len(unique)
		}
		unique = append(unique, entry)
	}
	return unique
}
