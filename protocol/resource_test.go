package protocol

import (
	"math"
	"testing"
)

// A resource limit is described by its name and its values.
func TestResourceLimitObject(t *testing.T) {
	for want, limit := range map[string]ResourceLimit{
		"RLIMIT_NOFILE 1024:4096":       {Resource: 7, Soft: 1024, Hard: 4096},
		"RLIMIT_CORE 0:unlimited":       {Resource: 4, Hard: math.MaxUint64},
		"RLIMIT_RTTIME 1:2":             {Resource: 15, Soft: 1, Hard: 2},
		"resource 16 1:2":               {Resource: 16, Soft: 1, Hard: 2},
		"resource 4294967295 1:2":       {Resource: math.MaxUint32, Soft: 1, Hard: 2},
		"RLIMIT_AS unlimited:unlimited": {Resource: 9, Soft: math.MaxUint64, Hard: math.MaxUint64},
	} {
		if got := limit.Object(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
