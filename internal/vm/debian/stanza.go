package debian

import "strings"

// stanza is one package's paragraph of a control file, as in deb-control(5).
type stanza map[string]string

// parseStanza reads the first paragraph. Of a folded field only the first line
// is kept.
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

// dependencies returns the names in the Depends field, without versions; of
// alternatives only the first.
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

// fileName is unique to the package's version and a legal file name.
func (s stanza) fileName() string {
	return s["Package"] + "_" + strings.ReplaceAll(s["Version"], ":", "%3a") + "_" + s["Architecture"]
}
