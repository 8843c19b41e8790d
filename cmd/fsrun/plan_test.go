package main

import (
	"strings"
	"testing"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/protocol"
)

// A plan names a resource as config.json does.
func TestResourcesHaveTheNamesOfTheConfiguration(t *testing.T) {
	for resource := range uint32(16) {
		limit := &protocol.ResourceLimit{Resource: resource}
		name, _, _ := strings.Cut(limit.Object(), " ")
		if number, known := bundle.Rlimit(name); !known || number != int(resource) {
			t.Errorf("resource %d is called %s, which is %d in a configuration", resource, name, number)
		}
	}
}
