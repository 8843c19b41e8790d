package protocol

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const vectors = "../testdata/frames"

// TestGoldenVectors compares the encoding with the bytes in testdata/frames, in both
// directions. A changed vector is a changed protocol, and needs a new Version.
//
// SPEC: M-ENC-1, M-ENC-2, M-ENC-7
func TestGoldenVectors(t *testing.T) {
	known := map[string]bool{}
	for _, sample := range samples() {
		known[sample.name+".hex"] = true
		t.Run(sample.name, func(t *testing.T) {
			encoded := mustEncode(t, sample.frame)
			path := filepath.Join(vectors, sample.name+".hex")
			if *update {
				writeVector(t, path, sample, encoded)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			golden, descriptors, err := parseVector(string(text))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(encoded, golden) {
				t.Errorf("encoded:\n%x\ngolden:\n%x", encoded, golden)
			}
			if descriptors != sample.descriptors {
				t.Errorf("%d descriptors, golden %d", sample.descriptors, descriptors)
			}
			frame, err := Decode(golden, descriptors, SetOf(sample.frame.Kind()))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sample.frame, frame); diff != "" {
				t.Errorf("decoded (-sample +golden):\n%s", diff)
			}
		})
	}
	entries, err := os.ReadDir(vectors)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !known[entry.Name()] {
			t.Errorf("%s/%s belongs to no sample", vectors, entry.Name())
		}
	}
}

func writeVector(t *testing.T, path string, sample sample, encoded []byte) {
	t.Helper()
	lines, err := annotate(encoded)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("# kind: %s\n# descriptors: %d\n%s", sample.frame.Kind(), sample.descriptors, lines)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
