package seccomp

import "testing"

// BenchmarkCompile compiles what an engine sends with every container.
func BenchmarkCompile(b *testing.B) {
	profile := engineProfile()
	m, err := machineFor("amd64")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		filter, err := compileFor(m, profile)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(filter.Instructions)), "instructions")
	}
}

// BenchmarkDefaultProfile makes and compiles the profile of a container without one.
func BenchmarkDefaultProfile(b *testing.B) {
	m, err := machineFor("amd64")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := compileFor(m, DefaultProfile()); err != nil {
			b.Fatal(err)
		}
	}
}
