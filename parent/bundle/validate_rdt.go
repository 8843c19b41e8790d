package bundle

import (
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// resctrlOwn lists the names that the kernel itself uses in the resctrl file system
// (Documentation/filesystems/resctrl.rst).
var resctrlOwn = []string{".", "..", "info", "mon_data", "mon_groups"}

// checkIntelRdt checks the form of names and lines. Which caches there are, and how they
// may be shared, is for the kernel to check.
func checkIntelRdt(path string, spec *specs.Spec) error {
	rdt := spec.Linux.IntelRdt
	if rdt == nil {
		return nil
	}
	if id := rdt.ClosID; id != "" && id != "/" {
		if slices.Contains(resctrlOwn, id) || strings.ContainsAny(id, "/\n\x00") || len(id) > unix.NAME_MAX {
			return refuse(path+".closID", quote(id), `the name of a group, or "/" for the one that everything is in`)
		}
	}
	if l3 := rdt.L3CacheSchema; l3 != "" {
		if err := checkSchema(path+".l3CacheSchema", l3); err != nil {
			return err
		}
	}
	if bandwidth := rdt.MemBwSchema; bandwidth != "" {
		if !strings.HasPrefix(bandwidth, "MB:") {
			return refuse(path+".memBwSchema", quote(bandwidth), `a line that begins with "MB:"`)
		}
		if err := checkSchema(path+".memBwSchema", bandwidth); err != nil {
			return err
		}
	}
	for i, line := range rdt.Schemata {
		if err := checkSchema(index(path+".schemata", i), line); err != nil {
			return err
		}
	}
	return nil
}

// checkSchema requires a line of the file schemata.
func checkSchema(path, line string) error {
	resource, domains, _ := strings.Cut(line, ":")
	valid := strings.TrimSpace(resource) != "" && !strings.ContainsAny(line, "\n\x00")
	for domain := range strings.SplitSeq(domains, ";") {
		number, share, has := strings.Cut(domain, "=")
		valid = valid && has && isDigits(strings.TrimSpace(number)) && strings.TrimSpace(share) != ""
	}
	if !valid {
		return refuse(path, quote(line), `one line like "L3:0=ff;1=f0"`)
	}
	return nil
}
