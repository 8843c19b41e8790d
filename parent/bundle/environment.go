package bundle

import (
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Environment is a process's environment, in which each variable is once: where it is
// repeated it has the last value, in the first one's place. Callers append to override,
// and which of two entries a program finds is the program's choice (environ(7)). What has
// no "=" is no variable, and is left as it is.
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
