package main

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	place "github.com/fsrun/fsrun/internal/engines/engine"
	"github.com/google/go-cmp/cmp"
)

const moduleRoot = "../.."

// documents show the files, relative to the module.
var documents = []string{"docs/engines.md", "docs/kubernetes.md"}

// snippet matches a file's name in a comment and its content in a fence.
var snippet = regexp.MustCompile("(?m)^<!-- (\\S+) -->\n```[a-z]*\n((?s:.*?))```$")

// notConfiguration are files in testdata that configure no engine, or that only the tests
// use.
var notConfiguration = []string{
	"internal/engines/docker/testdata/seccomp.json",
	"internal/engines/kubernetes/testdata/10-bridge.conflist",
	"internal/engines/kubernetes/testdata/crictl.yaml",
}

var update = flag.Bool("update", false, "copy the files into the documents")

// TestDocumentsShowTheFiles: the documents show every file that the tests configure an
// engine with, unchanged.
func TestDocumentsShowTheFiles(t *testing.T) {
	shown := make(map[string]bool)
	for _, name := range notConfiguration {
		shown[name] = true
	}
	for _, document := range documents {
		for _, name := range showsFiles(t, document) {
			shown[name] = true
		}
	}
	err := filepath.WalkDir(filepath.Join(moduleRoot, "internal/engines"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.Contains(path, "/testdata/") {
			return err
		}
		name, err := filepath.Rel(moduleRoot, path)
		if err == nil && !shown[name] {
			t.Errorf("none of %v shows %s", documents, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// showsFiles compares a document with the files that it shows, and returns their names.
func showsFiles(t *testing.T, document string) (names []string) {
	t.Helper()
	text := read(t, document)
	if *update {
		text = snippet.ReplaceAllStringFunc(text, func(whole string) string {
			parts := snippet.FindStringSubmatch(whole)
			return strings.TrimSuffix(whole, parts[2]+"```") + read(t, parts[1]) + "```"
		})
		if err := os.WriteFile(filepath.Join(moduleRoot, document), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, found := range snippet.FindAllStringSubmatch(text, -1) {
		names = append(names, found[1])
		if diff := cmp.Diff(read(t, found[1]), found[2]); diff != "" {
			t.Errorf("%s shows %s otherwise than it is (-file +document):\n%s", document, found[1], diff)
		}
	}
	return names
}

// TestFiguresOfEveryRun: the document gives the result of each run, or says that there was
// none.
func TestFiguresOfEveryRun(t *testing.T) {
	text := read(t, documents[0])
	for _, e := range engines {
		pattern := "(?m)^\\| `" + e.name + "` \\| (\\d{4}-\\d\\d-\\d\\d \\| " + e.packages[0] + " \\S+ \\| \\d+ \\| \\d+|not yet \\| " + e.packages[0] + " \\S+ \\| – \\| –) \\|( .*\\|)?$"
		if !regexp.MustCompile(pattern).MatchString(text) {
			t.Errorf("%s has no line that matches %s", documents[0], pattern)
		}
	}
}

// TestHandlersAgree follows the path from a Pod to the runtime's binary.
func TestHandlersAgree(t *testing.T) {
	class := read(t, "internal/engines/testdata/kubernetes/runtimeclass.yaml")
	name, handler := value(t, class, `(?m)^  name: (\S+)$`), value(t, class, `(?m)^handler: (\S+)$`)
	pod := read(t, "internal/engines/testdata/kubernetes/pod.yaml")
	if got := value(t, pod, `(?m)^  runtimeClassName: (\S+)$`); got != name {
		t.Errorf("the Pod asks for the RuntimeClass %s, want %s", got, name)
	}
	const docker, podman = `"%s": \{\s+"path": "(\S+)"`, `(?m)^%s = \["(\S+)"\]$`
	for file, binary := range map[string]string{
		"internal/engines/containerd/testdata/config.toml":         `runtimes\.%s\.options\]\n  BinaryName = "(\S+)"`,
		"internal/engines/kubernetes/testdata/config.toml":         `runtimes\.%s\.options\]\n  BinaryName = "(\S+)"`,
		"internal/engines/testdata/crio/10-fsrun.conf":             `runtimes\.%s\]\nruntime_path = "(\S+)"`,
		"internal/engines/docker/testdata/daemon.json":             docker,
		"internal/engines/docker/testdata/systemd/daemon.json":     docker,
		"internal/engines/podman/testdata/containers.conf":         podman,
		"internal/engines/podman/testdata/systemd/containers.conf": podman,
	} {
		if got := value(t, read(t, file), fmt.Sprintf(binary, handler)); got != place.Runtime {
			t.Errorf("%s names %s, want %s", file, got, place.Runtime)
		}
	}
}

func value(t *testing.T, text, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("nothing matches %s in:\n%s", pattern, text)
	}
	return found[1]
}

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(moduleRoot, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
