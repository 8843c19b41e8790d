package resctrl

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// schema is a line for the file schemata, and the property that it comes from.
type schema struct{ from, text string }

// schemata returns the lines in the order that config-linux.md prescribes.
func schemata(asked *specs.LinuxIntelRdt) []schema {
	var lines []schema
	for _, line := range []schema{
		{Path + ".l3CacheSchema", asked.L3CacheSchema},
		{Path + ".memBwSchema", asked.MemBwSchema},
	} {
		if line.text != "" {
			lines = append(lines, line)
		}
	}
	for i, line := range asked.Schemata {
		lines = append(lines, schema{fmt.Sprintf("%s.schemata[%d]", Path, i), line})
	}
	return lines
}

// share is a share of one resource in one domain: 0=ff in the line L3:0=ff;1=ff.
type share struct{ resource, domain, amount string }

// parse parses the lines of schemata.
func parse(content string) []share {
	var all []share
	for line := range strings.Lines(content) {
		resource, domains, _ := strings.Cut(strings.TrimSpace(line), ":")
		for part := range strings.SplitSeq(domains, ";") {
			domain, amount, _ := strings.Cut(part, "=")
			all = append(all, share{resource, strings.TrimSpace(domain), strings.TrimSpace(amount)})
		}
	}
	return all
}

// differs returns what is in force instead of a line that was asked for, "" if the line is.
func differs(stands []share, line string) string {
	for _, wanted := range parse(line) {
		i := slices.IndexFunc(stands, func(s share) bool { return s.resource == wanted.resource && s.domain == wanted.domain })
		if i < 0 {
			return fmt.Sprintf("it has no domain %s of %s", wanted.domain, wanted.resource)
		}
		if found := stands[i]; !sameNumber(found.amount, wanted.amount, base(wanted.resource)) {
			return fmt.Sprintf("%s:%s=%s", found.resource, found.domain, found.amount)
		}
	}
	return ""
}

// base returns the base of a resource's numbers: shares of caches are masks, those of
// memory bandwidth percentages or megabytes per second.
func base(resource string) int {
	if resource == "MB" || resource == "SMBA" {
		return 10
	}
	return 16
}

// sameNumber compares numbers that may differ in leading zeros.
func sameNumber(a, b string, base int) bool {
	x, errX := strconv.ParseUint(a, base, 64)
	y, errY := strconv.ParseUint(b, base, 64)
	return errX == nil && errY == nil && x == y
}
