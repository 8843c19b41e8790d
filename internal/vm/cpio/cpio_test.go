package cpio

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// goldenTree is the archive of a directory, a three-byte file and a symbolic link; NUL is
// shown as a dot.
var goldenTree = []string{
	"070701" + "00000001" + "000041ED" + "00000000" + "00000000" + "00000001" + "00000000" + "00000000" +
		"00000000" + "00000000" + "00000000" + "00000000" + "00000004" + "00000000" + "etc...",
	"070701" + "00000002" + "000081A4" + "00000000" + "00000000" + "00000001" + "00000000" + "00000003" +
		"00000000" + "00000000" + "00000000" + "00000000" + "00000009" + "00000000" + "etc/motd..",
	"hi\n.",
	"070701" + "00000003" + "0000A1FF" + "00000000" + "00000000" + "00000001" + "00000000" + "00000008" +
		"00000000" + "00000000" + "00000000" + "00000000" + "00000006" + "00000000" + "motd2.",
	"etc/motd",
	"070701" + "00000000" + "00000000" + "00000000" + "00000000" + "00000001" + "00000000" + "00000000" +
		"00000000" + "00000000" + "00000000" + "00000000" + "0000000B" + "00000000" + "TRAILER!!!....",
}

func TestTreeGolden(t *testing.T) {
	var tree Tree
	tree.AddSymlink("/motd2", "etc/motd")
	tree.AddBytes("etc/motd", 0o644, []byte("hi\n"))
	var archive bytes.Buffer
	if err := tree.Write(&archive); err != nil {
		t.Fatal(err)
	}
	shown := strings.ReplaceAll(archive.String(), "\x00", ".")
	if diff := cmp.Diff(strings.Join(goldenTree, ""), shown); diff != "" {
		t.Errorf("archive (-want +got):\n%s", diff)
	}
	if archive.Len()%4 != 0 {
		t.Errorf("archive has %d bytes, want a multiple of 4", archive.Len())
	}
}

func TestAddTreeReadsTheHost(t *testing.T) {
	source := t.TempDir()
	if err := os.MkdirAll(filepath.Join(source, "a"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(source, "a", "file"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", filepath.Join(source, "a", "link")); err != nil {
		t.Fatal(err)
	}
	var tree Tree
	if err := tree.AddTree("copy", source); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"copy", "copy/a", "/copy/a/file", "copy/a/link"} {
		if !tree.Has(name) {
			t.Errorf("%s is missing", name)
		}
	}
	var archive bytes.Buffer
	if err := tree.Write(&archive); err != nil {
		t.Fatal(err)
	}
}

func TestWriteEntryRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		header Header
		body   string
		want   string
	}{
		"an absolute name":     {Header{Name: "/etc"}, "", "relative path"},
		"an empty name":        {Header{}, "", "relative path"},
		"a NUL":                {Header{Name: "a\x00b"}, "", "relative path"},
		"the trailer":          {Header{Name: trailer}, "", "not the trailer"},
		"a long name":          {Header{Name: strings.Repeat("a", MaxNameLength+1)}, "", "at most 4095"},
		"a size over the form": {Header{Name: "a", Size: 1 << 32}, "", "the format holds"},
		"a body that is short": {Header{Name: "a", Size: 2}, "x", "1 bytes, its header says 2"},
	} {
		t.Run(name, func(t *testing.T) {
			err := NewWriter(&bytes.Buffer{}).WriteEntry(test.header, strings.NewReader(test.body))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("WriteEntry gave %v, want an error with %q", err, test.want)
			}
		})
	}
}
