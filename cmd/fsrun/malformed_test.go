package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/bundle"
)

const (
	// refusalTime is how long a refusal may take, whatever the bundle: in processor time,
	// because others may slow down a test.
	refusalTime = time.Second
	// patience is how long to wait for it.
	patience = time.Minute
)

// TestMalformedBundles: create refuses each bundle with one line that names the place,
// quickly, and leaves nothing behind.
func TestMalformedBundles(t *testing.T) {
	harness.NativeOnly(t, "what an emulated processor takes is not what a refusal takes")
	harness.Need(t, harness.Container...)
	root := t.TempDir()
	snapshot := harness.Watch(t, root)
	cases := 0
	for _, pattern := range []string{"malformed", "refused"} {
		archives, err := filepath.Glob("../../testdata/bundles/" + pattern + "/*.txtar")
		must(t, err)
		for _, name := range archives {
			cases += refuseArchive(t, root, name, *update && pattern == "refused")
		}
	}
	for name, test := range hostileFiles {
		cases++
		t.Run("file/"+name, func(t *testing.T) {
			directory := harness.Directory(t)
			must(t, os.Mkdir(filepath.Join(directory, "rootfs"), 0o755))
			test.write(t, filepath.Join(directory, bundle.ConfigName))
			got := refusedCreate(t, root, directory)
			if !strings.Contains(got, test.want) {
				t.Errorf("%q does not say %q", got, test.want)
			}
		})
	}
	if cases < 150 {
		t.Errorf("only %d cases", cases)
	}
	snapshot.Settled()
	if left, err := os.ReadDir(root); err != nil || len(left) > 0 {
		t.Errorf("left in the state directory: %v, %v", left, err)
	}
}

// refuseArchive compares the messages about the bundles with the golden text beside them,
// and returns how many bundles there are.
func refuseArchive(t *testing.T, root, name string, write bool) int {
	archive, err := txtar.ParseFile(name)
	must(t, err)
	base, err := os.ReadFile("../../testdata/bundles/runc-spec/config.json")
	must(t, err)
	if strings.Contains(name, "/refused/") { // there is nothing else wrong with it
		base = mergePatch(t, base, []byte(`{"process": {"terminal": false, "capabilities": {"ambient": []}}}`))
	}
	golden := map[string]*txtar.File{}
	for i := range archive.Files {
		golden[archive.Files[i].Name] = &archive.Files[i]
	}
	cases := 0
	for _, file := range archive.Files {
		config := file.Data
		title, isPatch := strings.CutSuffix(file.Name, ".patch.json")
		if isPatch {
			config = mergePatch(t, base, file.Data)
		} else if title, isPatch = strings.CutSuffix(file.Name, ".config.json"); !isPatch {
			continue
		}
		cases++
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar")+"/"+title, func(t *testing.T) {
			directory := harness.Directory(t)
			must(t, os.Mkdir(filepath.Join(directory, "rootfs"), 0o755))
			must(t, os.WriteFile(filepath.Join(directory, bundle.ConfigName), config, 0o644))
			refuse := refusedCreation
			if strings.Contains(name, "/refused/") {
				refuse = refusedCreate
			}
			got := strings.ReplaceAll(refuse(t, root, directory), directory, "BUNDLE")
			if write {
				golden[title+".error"].Data = []byte(got)
				return
			}
			equal(t, "the error", string(golden[title+".error"].Data), got)
		})
	}
	if write {
		must(t, os.WriteFile(name, txtar.Format(archive), 0o644))
	}
	return cases
}

// refusedCreation creates a container without starting a process for the command, for
// bundles that are refused as soon as they are read.
func refusedCreation(t *testing.T, root, directory string) string {
	t.Helper()
	before := processorTime(t)
	_, err := parent.Create(parent.Options{StateRoot: root, ID: harness.ID(t), Bundle: directory})
	if took := processorTime(t) - before; took > refusalTime {
		t.Errorf("the refusal took %v", took)
	}
	if err == nil {
		t.Fatal("was accepted")
	}
	return err.Error() + "\n"
}

func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage unix.Rusage
	must(t, unix.Getrusage(unix.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// refusedCreate runs the command, which must fail, and returns its message: one line.
func refusedCreate(t *testing.T, root, directory string) string {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, self, "--root", root, "create", "--bundle", directory, harness.ID(t))
	command.Args[0] = commandName
	var stderr bytes.Buffer
	command.Stderr = &stderr
	err = command.Run()
	if command.ProcessState == nil || command.ProcessState.ExitCode() != 1 {
		t.Fatalf("create ended with %v", err)
	}
	if took := command.ProcessState.UserTime() + command.ProcessState.SystemTime(); took > refusalTime {
		t.Errorf("the refusal took %v", took)
	}
	said := stderr.String()
	if strings.Count(said, "\n") != 1 || len(said) > 2000 {
		t.Errorf("not one line of moderate length: %q", said)
	}
	return strings.TrimPrefix(said, "fsrun: ")
}

// hostileFiles are configurations that do not belong in a repository.
var hostileFiles = map[string]struct {
	write func(t *testing.T, name string)
	want  string
}{
	"50 MB of nothing":       {sized(50 << 20), "holds at least 52428800 bytes; allowed: at most 16777216"},
	"50 MB of arguments":     {long(`{"ociVersion":"1.0.0","process":{"args":[`, `"",`, 17<<20, `""]}}`), "bytes; allowed: at most 16777216"},
	"16 MB of mounts":        {long(`{"ociVersion":"1.0.0","mounts":[`, `{},`, 5<<20, `{}]}`), "mounts"},
	"16 MB of nesting":       {long(`{"ociVersion":"1.0.0","x":`, `[`, 15<<20, ""), "x[0]"},
	"16 MB of digits":        {long(`{"ociVersion":"1.0.0","process":{"oomScoreAdj":`, `9`, 15<<20, `}}`), "process.oomScoreAdj"},
	"16 MB of one string":    {long(`{"ociVersion":"`, `a`, 15<<20, `"}`), "ociVersion"},
	"FIFO":                   {func(t *testing.T, name string) { must(t, unix.Mkfifo(name, 0o600)) }, "allowed: a regular file"},
	"directory":              {func(t *testing.T, name string) { must(t, os.Mkdir(name, 0o755)) }, "allowed: a regular file"},
	"device that never ends": {linkTo("/dev/zero"), "allowed: a regular file"},
	"link to itself":         {linkTo(bundle.ConfigName), "too many levels of symbolic links"},
	"link to nothing":        {linkTo("/not/there"), "does not exist"},
	"byte order mark":        {text("\ufeff{}"), "config.json"},
}

func sized(size int64) func(*testing.T, string) {
	return func(t *testing.T, name string) {
		must(t, os.WriteFile(name, nil, 0o644))
		must(t, os.Truncate(name, size))
	}
}

func text(content string) func(*testing.T, string) {
	return func(t *testing.T, name string) { must(t, os.WriteFile(name, []byte(content), 0o644)) }
}

// long makes its content only when called: a variable would be initialized at the start of
// every process of this binary, whether as fsrun or as its child.
func long(before, unit string, count int, after string) func(*testing.T, string) {
	return func(t *testing.T, name string) { text(before+strings.Repeat(unit, count)+after)(t, name) }
}

func linkTo(target string) func(*testing.T, string) {
	return func(t *testing.T, name string) { must(t, os.Symlink(target, name)) }
}

// mergePatch applies a JSON merge patch (RFC 7396).
func mergePatch(t *testing.T, base, patch []byte) []byte {
	t.Helper()
	var document, change any
	must(t, json.Unmarshal(base, &document))
	must(t, json.Unmarshal(patch, &change))
	merged, err := json.Marshal(merge(document, change))
	must(t, err)
	return merged
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
