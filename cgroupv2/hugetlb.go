package cgroupv2

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// computeHugetlb converts linux.resources.hugepageLimits (config-linux.md, "Huge page
// limits"). It limits reservations if the kernel can, and always limits faults, which also
// covers pages reserved by another group.
func computeHugetlb(b *builder, r *specs.LinuxResources) error {
	seen := map[string]bool{}
	for i, limit := range r.HugepageLimits {
		path := fmt.Sprintf("hugepageLimits[%d]", i)
		size, ok := pageBytes(limit.Pagesize)
		switch {
		case !ok:
			return refuse(resources+"."+path+".pageSize", strconv.Quote(limit.Pagesize), "a size such as 64KB, 2MB or 1GB")
		case seen[limit.Pagesize]:
			return refuse(resources+"."+path+".pageSize", strconv.Quote(limit.Pagesize), "the size is in this list already: name it once")
		}
		seen[limit.Pagesize] = true
		// The kernel treats a value beyond its counter's range as no limit. A larger
		// unsigned 64-bit value, which it could not even parse, means the same.
		value := strconv.FormatUint(min(limit.Limit, math.MaxInt64), 10)
		file := "hugetlb." + limit.Pagesize
		b.add(path+".limit", file+".max", value, roundedDown(size))
		b.add(path+".limit", file+".rsvd.max", value, roundedDown(size)).optional = true
	}
	return nil
}

// pageBytes parses a page size as the kernel writes it in file names: a number without
// leading zeros, and KB, MB or GB in powers of 1024.
func pageBytes(size string) (int64, bool) {
	for shift, unit := range [...]string{"KB", "MB", "GB"} {
		digits, found := strings.CutSuffix(size, unit)
		if !found {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 16)
		if err != nil || n == 0 || digits != strconv.FormatUint(n, 10) {
			return 0, false
		}
		return int64(n) << (10 * (shift + 1)), true
	}
	return 0, false
}
