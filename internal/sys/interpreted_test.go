package sys

import (
	"debug/elf"
	"slices"
	"testing"
)

// The kernel's answer agrees with the file.
func TestInterpreted(t *testing.T) {
	file, err := elf.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	want := slices.ContainsFunc(file.Progs, func(part *elf.Prog) bool { return part.Type == elf.PT_INTERP })
	got, err := Interpreted()
	if err != nil || got != want {
		t.Errorf("%v, %v; the file says %v", got, err, want)
	}
}
