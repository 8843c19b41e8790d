package bundle

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the golden errors in testdata/bundles/malformed")

const bundles = "../../testdata/bundles"

// writeBundle makes a bundle with an empty root file system.
func writeBundle(t testing.TB, config string) string {
	t.Helper()
	directory := t.TempDir()
	if err := os.Mkdir(filepath.Join(directory, "rootfs"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, ConfigName), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	return directory
}

func TestLoadAcceptsWhatOtherToolsWrite(t *testing.T) {
	configs, err := filepath.Glob(bundles + "/*/" + ConfigName)
	if err != nil || len(configs) < 4 {
		t.Fatalf("found %d bundles, %v; want those of runc and crun and the full one", len(configs), err)
	}
	for _, config := range configs {
		directory := filepath.Dir(config)
		t.Run(filepath.Base(directory), func(t *testing.T) {
			text, err := os.ReadFile(config)
			if err != nil {
				t.Fatal(err)
			}
			var want specs.Spec
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			got, err := ParseSpec(string(text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&want, got); diff != "" {
				t.Errorf("the decoded specification differs from encoding/json's (-want +got):\n%s", diff)
			}
			loaded, err := Load(directory)
			if filepath.Base(directory) == "crun-spec-rootless" && os.Geteuid() == 0 {
				// It leaves the mappings to the runtime, which assumes none for root.
				const want = "linux.uidMappings: is empty, but linux.namespaces asks for a new user namespace; allowed: at least one mapping"
				if err == nil || !strings.HasSuffix(err.Error(), want) {
					t.Fatalf("got %v, want %s", err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !filepath.IsAbs(loaded.Directory) || loaded.Text != string(text) {
				t.Errorf("got directory %q and %d bytes, want an absolute path and the %d of the file", loaded.Directory, len(loaded.Text), len(text))
			}
		})
	}
}

func TestLoadRefusesMalformed(t *testing.T) {
	base, err := os.ReadFile(bundles + "/runc-spec/" + ConfigName)
	if err != nil {
		t.Fatal(err)
	}
	archives, err := filepath.Glob(bundles + "/malformed/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no archives", err)
	}
	cases := 0
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		golden := map[string]*txtar.File{}
		for i := range archive.Files {
			golden[archive.Files[i].Name] = &archive.Files[i]
		}
		for _, file := range archive.Files {
			name, isPatch := strings.CutSuffix(file.Name, ".patch.json")
			config := string(file.Data)
			if isPatch {
				config = mergePatch(t, base, file.Data)
			} else if name, isPatch = strings.CutSuffix(file.Name, ".config.json"); !isPatch {
				continue
			}
			cases++
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar")+"/"+name, func(t *testing.T) {
				want := golden[name+".error"]
				if want == nil {
					t.Fatalf("%s holds no %s.error", path, name)
				}
				directory := writeBundle(t, config)
				_, err := Load(directory)
				if err == nil {
					t.Fatal("was accepted")
				}
				var place *Error
				if !errors.As(err, &place) {
					t.Errorf("%v does not name a property", err)
				}
				got := strings.ReplaceAll(err.Error(), directory, "BUNDLE") + "\n"
				if *update {
					want.Data = []byte(got)
				} else if diff := cmp.Diff(string(want.Data), got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
		if *update {
			if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if cases < 60 {
		t.Errorf("only %d cases", cases)
	}
}

// mergePatch applies a JSON merge patch (RFC 7396).
func mergePatch(t *testing.T, base, patch []byte) string {
	t.Helper()
	var document, change any
	if err := json.Unmarshal(base, &document); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(patch, &change); err != nil {
		t.Fatal(err)
	}
	merged, err := json.Marshal(merge(document, change))
	if err != nil {
		t.Fatal(err)
	}
	return string(merged)
}

func merge(document, change any) any {
	changes, isObject := change.(map[string]any)
	if !isObject {
		return change
	}
	object, isObject := document.(map[string]any)
	if !isObject {
		object = map[string]any{}
	}
	for name, value := range changes {
		if value == nil {
			delete(object, name)
		} else {
			object[name] = merge(object[name], value)
		}
	}
	return object
}

// TestDecodeKnowsEveryProperty sets every property of specs.Spec that is not for another
// platform, to find one that is missing from the tables.
func TestDecodeKnowsEveryProperty(t *testing.T) {
	want := new(specs.Spec)
	fill(reflect.ValueOf(want).Elem())
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if _, unknown, err := decode(string(text), readSpec); err != nil || len(unknown.Named) > 0 {
		t.Errorf("of all platforms: %v, unknown are %v", err, unknown)
	}
	dropOtherPlatforms(want)
	if text, err = json.Marshal(want); err != nil {
		t.Fatal(err)
	}
	got, err := ParseSpec(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	process, err := json.Marshal(want.Process)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParseProcess(string(process)); err != nil || !cmp.Equal(got, want.Process) {
		t.Errorf("ParseProcess: %v %v", got, err)
	}
	resources, err := json.Marshal(want.Linux.Resources)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParseResources(string(resources)); err != nil || !cmp.Equal(got, want.Linux.Resources) {
		t.Errorf("ParseResources: %v %v", got, err)
	}
}

func fill(value reflect.Value) {
	switch value.Kind() {
	case reflect.Pointer:
		value.Set(reflect.New(value.Type().Elem()))
		fill(value.Elem())
	case reflect.Struct:
		for i := range value.NumField() {
			fill(value.Field(i))
		}
	case reflect.Slice:
		value.Set(reflect.MakeSlice(value.Type(), 2, 2))
		fill(value.Index(0))
		fill(value.Index(1))
	case reflect.Map:
		element := reflect.New(value.Type().Elem()).Elem()
		fill(element)
		value.Set(reflect.MakeMap(value.Type()))
		value.SetMapIndex(reflect.ValueOf("key"), element)
	case reflect.String:
		value.SetString("text")
	case reflect.Bool:
		value.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		value.SetInt(7)
	case reflect.Uint, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		value.SetUint(7)
	}
}

// dropOtherPlatforms removes what the tables leave out on purpose.
func dropOtherPlatforms(spec *specs.Spec) {
	spec.Solaris, spec.Windows, spec.ZOS, spec.FreeBSD = nil, nil, nil, nil
	if spec.VM != nil {
		spec.VM = new(specs.VM)
	}
	if spec.Process != nil {
		spec.Process.CommandLine = ""
		spec.Process.User.Username = ""
	}
}

func TestLoadBounds(t *testing.T) {
	t.Run("huge", func(t *testing.T) {
		directory := writeBundle(t, "{}")
		if err := os.Truncate(filepath.Join(directory, ConfigName), 50<<20); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err := Load(directory)
		if err == nil || !strings.Contains(err.Error(), "holds at least 52428800 bytes; allowed: at most 16777216") {
			t.Errorf("got %v", err)
		}
		if elapsed := time.Since(start); elapsed > time.Second {
			t.Errorf("took %v to refuse", elapsed)
		}
	})
	t.Run("missing", func(t *testing.T) {
		_, err := Load(t.TempDir())
		if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "config.json: does not exist") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("directory", func(t *testing.T) {
		directory := t.TempDir()
		if err := os.Mkdir(filepath.Join(directory, ConfigName), 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(directory); err == nil || !strings.Contains(err.Error(), "allowed: a regular file") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("device that never ends", func(t *testing.T) {
		directory := t.TempDir()
		if err := os.Symlink("/dev/zero", filepath.Join(directory, ConfigName)); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(directory); err == nil || !strings.Contains(err.Error(), "allowed: a regular file") {
			t.Errorf("got %v", err)
		}
	})
}

func TestLoadManyMounts(t *testing.T) {
	spec := Default(false)
	for range 5000 {
		spec.Mounts = append(spec.Mounts, specs.Mount{Destination: "/data", Source: "/tmp", Options: []string{"rbind", "ro"}})
	}
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(writeBundle(t, string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if len(loaded.Spec.Mounts) != len(spec.Mounts) {
		t.Errorf("got %d mounts, want %d", len(loaded.Spec.Mounts), len(spec.Mounts))
	}
}

func FuzzLoad(f *testing.F) {
	for _, name := range []string{"runc-spec", "runc-spec-rootless", "crun-spec", "crun-spec-rootless", "full"} {
		text, err := os.ReadFile(filepath.Join(bundles, name, ConfigName))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	directory := f.TempDir()
	if err := os.Mkdir(filepath.Join(directory, "rootfs"), 0o755); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		spec, err := ParseSpec(text)
		if err != nil {
			return
		}
		var theirs specs.Spec
		if err := json.Unmarshal([]byte(text), &theirs); err == nil {
			dropOtherPlatforms(&theirs)
			if !reflect.DeepEqual(&theirs, spec) {
				t.Fatalf("means something else to encoding/json (-json +ours):\n%s", cmp.Diff(&theirs, spec))
			}
		}
		if err := Validate(spec, directory); err != nil {
			var place *Error
			if !errors.As(err, &place) || place.Path == "" || place.Found == "" || place.Allowed == "" {
				t.Fatalf("%v names no place", err)
			}
			return
		}
		Warnings(spec)
	})
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(bundles + "/runc-spec"); err != nil {
			b.Fatal(err)
		}
	}
}

// TestLoadHostileDocuments bounds the cost of a document of the largest size.
func TestLoadHostileDocuments(t *testing.T) {
	const head, maxAllocated, maxTime = `{"ociVersion":"1.0.0",`, 512 << 20, 20 * time.Second
	repeat := func(element string) string {
		return strings.Repeat(element+",", (MaxConfigBytes-1000)/(len(element)+1)) + element
	}
	names := new(strings.Builder)
	for i := range 1 << 20 {
		fmt.Fprintf(names, `"n%d":1,`, i)
	}
	for name, text := range map[string]string{
		"mounts":       head + `"mounts":[` + repeat("{}") + `]}`,
		"arguments":    head + `"process":{"args":[` + repeat(`""`) + `]}}`,
		"groups":       head + `"process":{"user":{"additionalGids":[` + repeat("1") + `]}}}`,
		"unknown list": head + `"x":[` + repeat("[]") + `]}`,
		"names":        head + names.String()[:min(names.Len(), MaxConfigBytes-1000)-1] + `}`,
		"backslashes":  head + `"hostname":"` + strings.Repeat(`\n`, (MaxConfigBytes-1000)/2) + `"}`,
		"escapes":      head + `"hostname":"` + strings.Repeat(`\u00e9`, (MaxConfigBytes-1000)/6) + `"}`,
		"nesting":      head + `"x":` + strings.Repeat(`[`, MaxConfigBytes-1000),
		"digits":       head + `"process":{"oomScoreAdj":` + strings.Repeat(`9`, MaxConfigBytes-1000) + `}}`,
		"lines":        head + strings.Repeat("\n", MaxConfigBytes-1000) + `x`,
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		_, err := Load(writeBundle(t, text))
		elapsed := time.Since(start)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: was accepted", name)
		} else if len(err.Error()) > 2000 {
			t.Errorf("%s: an error of %d bytes", name, len(err.Error()))
		}
		allocated := after.TotalAlloc - before.TotalAlloc
		t.Logf("%s: %v, %d MiB: %.150v", name, elapsed.Round(time.Millisecond), allocated>>20, err)
		if allocated > maxAllocated || elapsed > maxTime {
			t.Errorf("%s: took %v and allocated %d MiB", name, elapsed, allocated>>20)
		}
	}
}

// A limit of 0 processes is a limit since version 1.3.0 of the specification. Before that,
// engines wrote 0 for no limit.
func TestLoadOfNoProcesses(t *testing.T) {
	for _, c := range []struct {
		version string
		limit   int64
		stays   bool
	}{
		{"1.0.2-dev", 0, false}, {"1.2.1", 0, false}, {"1.3.0", 0, true}, {"1.10.0", 0, true},
		{"1.0.2", 1, true}, {"1.0.2", -1, true},
	} {
		loaded, err := Load(writeBundle(t, fmt.Sprintf(`{"ociVersion":%q,"root":{"path":"rootfs"},"process":{"cwd":"/","args":["x"],"user":{"uid":0,"gid":0}},
			"linux":{"namespaces":[{"type":"mount"}],"resources":{"pids":{"limit":%d}}}}`, c.version, c.limit)))
		if err != nil {
			t.Errorf("version %s: %v", c.version, err)
			continue
		}
		pids := loaded.Spec.Linux.Resources.Pids
		if (pids != nil) != c.stays || c.stays && *pids.Limit != c.limit {
			t.Errorf("version %s, limit %d: got %v", c.version, c.limit, pids)
		}
	}
}
