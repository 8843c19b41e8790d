package modules

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOrder(t *testing.T) {
	depends := map[string][]string{
		"virtio":         nil,
		"virtio_ring":    {"virtio"},
		"virtio_console": {"virtio", "virtio-ring"},
		"zram":           {"zsmalloc"},
		"zsmalloc":       nil,
		"built_in_user":  {"built_in"},
		"chicken":        {"egg"},
		"egg":            {"chicken"},
		"broken":         {"lost"},
	}
	find := func(name string) (bool, []string, error) {
		if name == "built_in" {
			return false, nil, nil
		}
		needs, found := depends[name]
		if !found {
			return false, nil, fmt.Errorf("no module %s", name)
		}
		return true, needs, nil
	}
	for name, test := range map[string]struct {
		wanted []string
		want   []string
		fails  string
	}{
		"nothing":                    {},
		"dependencies first":         {wanted: []string{"virtio-console"}, want: []string{"virtio", "virtio_ring", "virtio_console"}},
		"each once":                  {wanted: []string{"zsmalloc", "zram", "zram"}, want: []string{"zsmalloc", "zram"}},
		"built in ones are left out": {wanted: []string{"built_in", "built_in_user"}, want: []string{"built_in_user"}},
		"a cycle":                    {wanted: []string{"egg"}, fails: "egg depends on itself (needed by chicken)"},
		"a missing one":              {wanted: []string{"broken"}, fails: "no module lost (needed by broken)"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := order(test.wanted, find)
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Fatalf("order gave error %v, want one with %q", err, test.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("order (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseDepends(t *testing.T) {
	for info, want := range map[string][]string{
		"license=GPL\x00depends=virtio,virtio_ring\x00retpoline=Y\x00": {"virtio", "virtio_ring"},
		"license=GPL\x00\x00\x00depends=\x00name=overlay\x00":          nil,
		"":                       nil,
		"notdepends=a\x00name=b": nil,
	} {
		if diff := cmp.Diff(want, parseDepends(info)); diff != "" {
			t.Errorf("parseDepends(%q) (-want +got):\n%s", info, diff)
		}
	}
}

func TestIndex(t *testing.T) {
	directory := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("kernel/drivers/char/virtio-console.ko", "elf")
	write("kernel/fs/odd.ko.brotli", "")
	write("modules.builtin", "kernel/fs/ext4/ext4.ko\n")
	index, err := Open(directory)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ want, fails string }{
		"virtio_console": {want: "elf"},
		"virtio-console": {want: "elf"},
		"ext4":           {},
		"odd":            {fails: "unknown compression"},
		"none":           {fails: "no module none"},
	} {
		content, err := index.Read(name)
		if test.fails != "" {
			if err == nil || !strings.Contains(err.Error(), test.fails) {
				t.Errorf("Read(%s) gave error %v, want one with %q", name, err, test.fails)
			}
			continue
		}
		if err != nil || string(content) != test.want {
			t.Errorf("Read(%s) = %q, %v; want %q", name, content, err, test.want)
		}
	}
}
