package debian

import "strings"

// stanza is a package's paragraph in a control file (deb-control(5)).
type stanza map[string]string

// parseStanza parses the first paragraph. It keeps only the first line of a folded field.
func parseStanza(text string) stanza {
	fields := make(stanza)
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" && len(fields) > 0 {
			break
		}
		if key, value, found := strings.Cut(line, ":"); found && !strings.HasPrefix(line, " ") {
			fields[key] = strings.TrimSpace(value)
		}
	}
	return fields
}

// dependencies returns the names in the Depends field, without versions, and only the first
// of alternatives.
func (s stanza) dependencies() []string {
	var names []string
	for group := range strings.SplitSeq(s["Depends"], ",") {
		first, _, _ := strings.Cut(group, "|")
		name, _, _ := strings.Cut(strings.TrimSpace(first), " ")
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// fileName returns a file name that is unique to the package's version.
func (s stanza) fileName() string {
	return s["Package"] + "_" + strings.ReplaceAll(s["Version"], ":", "%3a") + "_" + s["Architecture"]
}
