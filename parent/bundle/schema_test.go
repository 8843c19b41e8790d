package bundle_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/cgroupv2/devfilter"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/seccomp"
)

// publishedSchema compiles the schema of the OCI runtime specification, in the version that
// this module is built with. The parts for other platforms are left out: nothing here reads
// them, and the part about virtual machines has broken references.
var publishedSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	directory, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/opencontainers/runtime-spec").Output()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(strings.TrimSpace(string(directory)), "schema", "config-schema.json")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	properties := document.(map[string]any)["properties"].(map[string]any)
	for _, platform := range otherPlatforms {
		delete(properties, platform)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft4) // only the first of its files says so
	if err := compiler.AddResource(path, document); err != nil {
		return nil, err
	}
	return compiler.Compile(path)
})

// accepted reports whether a configuration may start a container: it is read and validated,
// including by other packages.
func accepted(text, directory string) bool {
	spec, err := bundle.ParseSpec(text)
	if err != nil || bundle.Validate(spec, directory) != nil {
		return false
	}
	if resources := spec.Linux.Resources; resources != nil {
		if _, err := cgroupv2.Compute(resources); err != nil {
			return false
		}
		if _, err := devfilter.Compile(resources.Devices); err != nil {
			return false
		}
	}
	if spec.Linux.Seccomp != nil {
		_, err = seccomp.Compile(spec.Linux.Seccomp)
	}
	return err == nil
}

// schemaRefuses returns why the published schema refuses a document, from which everything
// is removed that is not for Linux, or is null: both count as absent here (doc.go).
func schemaRefuses(t testing.TB, text string) error {
	t.Helper()
	schema, err := publishedSchema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err
	}
	document = relevant(document, true)
	forEngines(document)
	return schema.Validate(document)
}

// forEngines removes what is accepted although the schema does not permit it, because
// engines write it: a recursive or empty propagation of the root; a device's mode with its
// file type, or with the set-ID bits, which are not used when it is made; pids without a
// limit, which means none.
func forEngines(document any) {
	linux, _ := document.(map[string]any)["linux"].(map[string]any)
	if propagation, is := linux["rootfsPropagation"].(string); is {
		if linux["rootfsPropagation"] = strings.TrimPrefix(propagation, "r"); propagation == "" {
			delete(linux, "rootfsPropagation")
		}
	}
	resources, _ := linux["resources"].(map[string]any)
	if pids, _ := resources["pids"].(map[string]any); pids["limit"] == nil {
		delete(resources, "pids")
	}
	devices, _ := linux["devices"].([]any)
	for _, device := range devices {
		device, _ := device.(map[string]any)
		number, _ := device["fileMode"].(json.Number)
		if mode, err := strconv.ParseUint(number.String(), 10, 32); err == nil {
			device["fileMode"] = json.Number(strconv.FormatUint(mode&0o777, 10))
		}
	}
}

// otherPlatforms are the properties in config.md for systems other than Linux.
var otherPlatforms = []string{"solaris", "windows", "vm", "zos", "freebsd"}

func relevant(value any, outermost bool) any {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			if member == nil || outermost && slices.Contains(otherPlatforms, name) {
				delete(value, name)
			} else {
				value[name] = relevant(member, false)
			}
		}
	case []any:
		for i := range value {
			value[i] = relevant(value[i], false)
		}
	}
	return value
}

// stepsFrom draws decisions from bytes, and zeros when they are used up.
type stepsFrom struct{ bytes []byte }

func (s *stepsFrom) below(n int) int {
	number := 0
	for range 2 {
		number <<= 8
		if len(s.bytes) > 0 {
			number |= int(s.bytes[0])
			s.bytes = s.bytes[1:]
		}
	}
	return number % n
}

// oddValues replace a value in a document.
var oddValues = []any{
	true, false, json.Number("0"), json.Number("-1"), json.Number("1.5"), json.Number("1e3"), json.Number("4294967296"),
	json.Number("18446744073709551616"), json.Number("2147483648"), json.Number("4095"), json.Number("4096"),
	"", "/", "relative", "0755", "rwm", "x", "SCMP_ACT_ALLOW", "CAP_KILL", "1.0.0", "a\x00b", "..",
	[]any{}, map[string]any{}, []any{""}, []any{map[string]any{}}, map[string]any{"a": "b"},
}

// place is a member or element of a document, which can be set or removed.
type place struct {
	get    func() any
	set    func(any)
	remove func()
}

// places lists all places in a document, always in the same order.
func places(value any, set func(any)) []place {
	var all []place
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			replace := func(to any) { value[name] = to }
			all = append(all, place{func() any { return value[name] }, replace, func() { delete(value, name) }})
			all = append(all, places(value[name], replace)...)
		}
	case []any:
		for i := range value {
			replace := func(to any) { value[i] = to }
			all = append(all, place{
				func() any { return value[i] }, replace,
				func() { set(slices.Delete(slices.Clone(value), i, i+1)) },
			})
			all = append(all, places(value[i], replace)...)
		}
	}
	return all
}

// mutate changes a document in up to four places.
func mutate(document map[string]any, with []byte) {
	steps := stepsFrom{with}
	for range 1 + steps.below(4) {
		all := places(document, nil)
		if len(all) == 0 {
			return
		}
		at := all[steps.below(len(all))]
		switch steps.below(8) {
		case 0:
			at.remove()
		case 1: // another place's value
			at.set(deepCopy(all[steps.below(len(all))].get()))
		case 2: // one more, or the same again
			if list, is := at.get().([]any); is && len(list) > 0 {
				at.set(append(slices.Clone(list), deepCopy(list[steps.below(len(list))])))
			}
		default:
			at.set(deepCopy(oddValues[steps.below(len(oddValues))]))
		}
	}
}

func deepCopy(value any) any {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return decoded(string(text))
}

func decoded(text string) any {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		panic(err)
	}
	return value
}

// seedConfigs are configurations that tools write, and one that sets everything.
func seedConfigs(t testing.TB) []string {
	t.Helper()
	var texts []string
	for _, name := range []string{"full", "runc-spec", "runc-spec-rootless", "crun-spec", "crun-spec-rootless"} {
		text, err := os.ReadFile(filepath.Join("../../testdata/bundles", name, bundle.ConfigName))
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}

// withRootfs makes a bundle's directory with the root that the seeds name.
func withRootfs(t testing.TB) string {
	t.Helper()
	directory := t.TempDir()
	if err := os.Mkdir(filepath.Join(directory, "rootfs"), 0o755); err != nil {
		t.Fatal(err)
	}
	return directory
}

// FuzzSchema changes configurations here and there. What is still accepted, the published
// schema must accept too: nothing is read more generously than specified.
func FuzzSchema(f *testing.F) {
	seeds := seedConfigs(f)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 64 {
		with := make([]byte, 24)
		for n := range with {
			with[n] = byte(random.Uint32())
		}
		f.Add(uint8(i), with)
	}
	directory := withRootfs(f)
	f.Fuzz(func(t *testing.T, seed uint8, with []byte) {
		document := decoded(seeds[int(seed)%len(seeds)]).(map[string]any)
		mutate(document, with)
		conforms(t, document, directory)
	})
}

// conforms reports whether a configuration is accepted; if so, the schema must accept it
// too.
func conforms(t testing.TB, document map[string]any, directory string) bool {
	t.Helper()
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	if !accepted(string(text), directory) {
		return false
	}
	if err := schemaRefuses(t, string(text)); err != nil {
		t.Errorf("what is accepted here the published schema refuses: %v\n%s", err, text)
	}
	return true
}

// TestNoMoreThanTheSchema checks the fuzz target's property for runs without fuzzing: it
// tries, in every place of two configurations, a third of the odd values, or none.
func TestNoMoreThanTheSchema(t *testing.T) {
	directory := withRootfs(t)
	tried, taken := 0, 0
	for _, text := range seedConfigs(t)[:2] {
		if err := schemaRefuses(t, text); err != nil {
			t.Errorf("the schema refuses a seed: %v", err)
		}
		for at := range places(decoded(text), nil) {
			for odd := at % 3; odd <= len(oddValues); odd += 3 {
				document := decoded(text).(map[string]any)
				if place := places(document, nil)[at]; odd < len(oddValues) {
					place.set(deepCopy(oddValues[odd]))
				} else {
					place.remove()
				}
				tried++
				if conforms(t, document, directory) {
					taken++
				}
			}
		}
	}
	t.Logf("figure: configurations held to the published schema %d", tried)
	if taken == 0 || taken == tried {
		t.Errorf("%d of %d changed configurations are accepted", taken, tried)
	}
}
