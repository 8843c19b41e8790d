package debian

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCustomizations(t *testing.T) {
	got := customizations(Image{Modules: "/cache/lib/modules/6.1.0", Users: []string{"tester", "other"}})
	want := []string{
		`mkdir -p "$1/usr/lib/modules"`,
		`cp -r '/cache/lib/modules/6.1.0' "$1/usr/lib/modules/"`,
		`chroot "$1" depmod -a '6.1.0'`,
		`chroot "$1" useradd --create-home --user-group --uid 1000 --shell /bin/sh 'tester'`,
		`chroot "$1" useradd --create-home --user-group --uid 1001 --shell /bin/sh 'other'`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("customizations (-want +got):\n%s", diff)
	}
}

func TestDigestNamesWhatGoesIn(t *testing.T) {
	base := recipe{Image: Image{Packages: []string{"a"}, MiB: 1}, Suite: "s", Versions: []string{"1"}}
	seen := map[string]string{base.digest(): "base"}
	for name, change := range map[string]func(*recipe){
		"a package": func(r *recipe) { r.Packages = []string{"b"} },
		"a version": func(r *recipe) { r.Versions = []string{"2"} },
		"the suite": func(r *recipe) { r.Suite = "t" },
		"the size":  func(r *recipe) { r.MiB = 2 },
		"a step":    func(r *recipe) { r.Steps = []string{"true"} },
	} {
		changed := base
		change(&changed)
		if other, found := seen[changed.digest()]; found {
			t.Errorf("the digest with %s changed is that of %s", name, other)
		}
		seen[changed.digest()] = name
	}
	if again := base.digest(); seen[again] != "base" {
		t.Errorf("the digest of the same recipe changed to %s", again)
	}
}
