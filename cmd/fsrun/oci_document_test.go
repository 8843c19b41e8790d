package main

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/bundle"
)

const (
	ociDocument = "../../docs/oci.md"
	repository  = "../.."
)

var update = flag.Bool("update", false, "rewrite the golden files, and the messages of refusals in docs/oci.md")

// ociRow is a row in the tables of docs/oci.md.
type ociRow struct {
	name, what string
	tests      []string
}

// rowPattern matches a row: the property, what fsrun does with it, tests.
var rowPattern = regexp.MustCompile("(?m)^\\| (`[^|]+`) \\| ([^|]+) \\| ([^|]+) \\|$")

func ociRows(t *testing.T) []ociRow {
	t.Helper()
	content, err := os.ReadFile(ociDocument)
	must(t, err)
	var rows []ociRow
	for _, match := range rowPattern.FindAllStringSubmatch(string(content), -1) {
		rows = append(rows, ociRow{match[1], match[2], strings.Split(match[3], ", ")})
	}
	return rows
}

// TestOCIDocument compares docs/oci.md with the specification's types. The other two tests
// compare it with this repository's tests and what fsrun prints.
func TestOCIDocument(t *testing.T) {
	rows := ociRows(t)
	var properties, options []string
	for _, row := range rows {
		names := strings.Split(strings.Trim(row.name, "`"), "` `")
		if slices.Contains(bundle.MountOptionNames(), names[0]) {
			options = append(options, names...)
			continue
		}
		properties = append(properties, expand(names[0])...)
	}
	sorted := func(list []string) []string { slices.Sort(list); return list }
	equal(t, "properties", sorted(leaves(reflect.TypeFor[specs.Spec](), "")), sorted(properties))
	equal(t, "mount options", sorted(bundle.MountOptionNames()), sorted(options))
}

func TestOCIDocumentNamesTests(t *testing.T) {
	harness.NativeOnly(t, "reads the sources of other packages")
	for _, row := range ociRows(t) {
		for _, test := range row.tests {
			if !hasTest(t, test) {
				t.Errorf("%s: there is no test %s", row.name, test)
			}
		}
	}
}

// leaves lists the JSON paths of everything in a type; [] stands for any element of a list
// or of an object with arbitrary keys.
func leaves(kind reflect.Type, path string) []string {
	switch kind.Kind() {
	case reflect.Pointer:
		return leaves(kind.Elem(), path)
	case reflect.Slice, reflect.Map:
		return leaves(kind.Elem(), path+"[]")
	case reflect.Struct:
		var all []string
		for i := range kind.NumField() {
			field := kind.Field(i)
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if isOthers(field.Tag.Get("platform")) || path == "" && isOthers(name) {
				continue
			}
			below := strings.TrimPrefix(path+"."+name, ".")
			if name == "" { // embedded
				below = path
			}
			all = append(all, leaves(field.Type, below)...)
		}
		return all
	}
	return []string{path}
}

// isOthers reports whether platforms contains only others than Linux, alone or in virtual
// machines.
func isOthers(platforms string) bool {
	others := []string{"solaris", "windows", "zos", "freebsd"}
	for platform := range strings.SplitSeq(platforms, ",") {
		if !slices.Contains(others, platform) {
			return false
		}
	}
	return true
}

// expand expands a path with {a,b}.
func expand(path string) []string {
	before, rest, found := strings.Cut(path, "{")
	if !found {
		return []string{path}
	}
	names, after, _ := strings.Cut(rest, "}")
	var all []string
	for name := range strings.SplitSeq(names, ",") {
		all = append(all, expand(before+name+after)...)
	}
	return all
}

// hasTest reports whether a package has a test: "cgroupv2 TestCreate".
func hasTest(t *testing.T, name string) bool {
	t.Helper()
	directory, test, _ := strings.Cut(name, " ")
	files, err := filepath.Glob(filepath.Join(repository, directory, "*_test.go"))
	must(t, err)
	return slices.ContainsFunc(files, func(file string) bool {
		content, err := os.ReadFile(file)
		must(t, err)
		return strings.Contains(string(content), "\nfunc "+test+"(t *testing.T)")
	})
}

// refused sets each property whose row says that it is refused; the values appear in the
// messages.
var refused = map[string]harness.Edit{
	//lint:ignore SA1019 deprecated, and refused by name
	"linux.resources.memory.kernel":           memory(func(m *specs.LinuxMemory) { m.Kernel = to[int64](4096) }),
	"linux.resources.memory.kernelTCP":        memory(func(m *specs.LinuxMemory) { m.KernelTCP = to[int64](4096) }),
	"linux.resources.memory.swappiness":       memory(func(m *specs.LinuxMemory) { m.Swappiness = to[uint64](60) }),
	"linux.resources.memory.disableOOMKiller": memory(func(m *specs.LinuxMemory) { m.DisableOOMKiller = to(true) }),
	"linux.resources.memory.useHierarchy":     memory(func(m *specs.LinuxMemory) { m.UseHierarchy = to(false) }),
	"linux.resources.cpu.{realtimeRuntime,realtimePeriod}": func(s *specs.Spec) {
		s.Linux.Resources.CPU = &specs.LinuxCPU{RealtimeRuntime: to[int64](950000)}
	},
	"linux.resources.blockIO.{leafWeight,weightDevice[].leafWeight}": func(s *specs.Spec) {
		s.Linux.Resources.BlockIO = &specs.LinuxBlockIO{LeafWeight: to[uint16](300)}
	},
	"linux.resources.network.classID": func(s *specs.Spec) {
		s.Linux.Resources.Network = &specs.LinuxNetwork{ClassID: to[uint32](255)}
	},
	"linux.resources.network.priorities[].{name,priority}": func(s *specs.Spec) {
		s.Linux.Resources.Network = &specs.LinuxNetwork{Priorities: []specs.LinuxInterfacePriority{{Name: "eth0", Priority: 1}}}
	},
	"vm.hypervisor.{path,parameters[]}":    asVirtualMachine,
	"vm.kernel.{path,parameters[],initrd}": asVirtualMachine,
	"vm.image.{path,format}":               asVirtualMachine,
	"vm.hwconfig.{deviceTree,vcpus,memory,dtdevs[],iomems[].firstGFN,iomems[].firstMFN,iomems[].nrMFNs,irqs[]}": asVirtualMachine,
}

func memory(edit func(*specs.LinuxMemory)) harness.Edit {
	return func(s *specs.Spec) {
		s.Linux.Resources.Memory = new(specs.LinuxMemory)
		edit(s.Linux.Resources.Memory)
	}
}

func asVirtualMachine(s *specs.Spec) { s.VM = &specs.VM{Kernel: specs.VMKernel{Path: "/boot/kernel"}} }

func to[T any](value T) *T { return &value }

// refusedPattern matches what a row says about a property, or a value, that is refused.
var refusedPattern = regexp.MustCompile("^(.*; else )?refused(?:: `(.*)`)?$")

// TestOCIDocumentRefusals: the properties that the document calls refused are, with the
// message that it gives.
func TestOCIDocumentRefusals(t *testing.T) {
	harness.Need(t, harness.Container...)
	content, err := os.ReadFile(ociDocument)
	must(t, err)
	document, seen := string(content), 0
	for _, row := range ociRows(t) {
		match := refusedPattern.FindStringSubmatch(row.what)
		if match == nil {
			continue
		}
		seen++
		edit := refused[strings.Trim(row.name, "`")]
		if edit == nil {
			t.Errorf("nothing sets %s", row.name)
			continue
		}
		message := refusal(t, edit)
		if *update {
			document = strings.Replace(document, row.name+" | "+row.what, row.name+" | "+match[1]+"refused: `"+message+"`", 1)
			continue
		}
		equal(t, row.name, message, match[2])
	}
	equal(t, "refused properties", len(refused), seen)
	if *update {
		must(t, os.WriteFile(ociDocument, []byte(document), 0o644))
	}
}

// refusal is the message about a bundle that is refused before anything is made.
func refusal(t *testing.T, edit harness.Edit) string {
	t.Helper()
	directory := harness.Bundle(t, edit)
	_, err := parent.NewPreview(parent.Options{Bundle: directory, ID: harness.ID(t), StateRoot: t.TempDir()})
	if err == nil {
		t.Error("is not refused")
		return ""
	}
	return strings.TrimPrefix(err.Error(), filepath.Join(directory, bundle.ConfigName)+": ")
}
