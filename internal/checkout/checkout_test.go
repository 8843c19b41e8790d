package checkout

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDirectory(t *testing.T) {
	outside := t.TempDir()
	nested := filepath.Join(outside, "module", "package", "testdata")
	if err := os.MkdirAll(nested, 0o755); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(outside, "module")
	if err := os.WriteFile(filepath.Join(root, "go.mod"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]string{root: root, nested: root, outside: ""} {
		t.Chdir(from)
		if got, err := Directory(); got != want || (err == nil) != (want != "") {
			t.Errorf("in %s: %q, %v; want %q", from, got, err, want)
		}
	}
}
