package cgroupv2

import (
	"errors"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	for path, want := range map[string]string{
		"/a/b": "/a/b", "a/b": "/a/b", "a/": "/a", "/system.slice:fsrun:web": "/system.slice:fsrun:web", "/a…/ b": "/a…/ b",
	} {
		names, err := split(path)
		if err != nil || join(names) != want {
			t.Errorf("split(%q) = %q, %v; want %q", path, join(names), err, want)
		}
	}
	for _, path := range []string{
		"", "/", "//", "..", "/..", "a/../b", "../a", "a/..", "./a", "a/./b", "a//b", "/a\nb", "/a\x00b",
		strings.Repeat("a/", maxPathDepth+1), "/" + strings.Repeat("a", maxNameBytes+1), strings.Repeat("a", maxPathBytes+1),
	} {
		_, err := split(path)
		var refused *PathError
		if !errors.As(err, &refused) {
			t.Errorf("split(%.40q): got %v, want a PathError", path, err)
		}
	}
}

func TestValidateCreated(t *testing.T) {
	names := []string{"a", "ctr"}
	for _, created := range [][]string{nil, {"/a/ctr"}, {"/a", "/a/ctr"}} {
		if err := validateCreated(names, created); err != nil {
			t.Errorf("%q: %v", created, err)
		}
	}
	for _, created := range [][]string{{"/b"}, {"/a/ctr-evil"}, {"/a/ctr/x"}, {"/a/../b"}, {"/"}} {
		if err := validateCreated(names, created); err == nil {
			t.Errorf("%q was accepted for %s", created, join(names))
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("/a/b")
	f.Add("../x")
	f.Fuzz(func(t *testing.T, path string) {
		names, err := split(path)
		if err != nil {
			return
		}
		again, err := split(join(names))
		if err != nil || join(again) != join(names) {
			t.Fatalf("split(%q) gives %q, which splits to %q, %v", path, names, again, err)
		}
	})
}
