package debian

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const shown = `Package: uidmap
Version: 1:4.13+dfsg1-1
Architecture: amd64
Depends: libaudit1 (>= 1:2.2.1), libc6 (>= 2.34) | libc6-alternative, libselinux1
Description-en: programs to help use subuids
 folded: not a field

Package: uidmap
Version: 0.1
`

func TestParseStanza(t *testing.T) {
	parsed := parseStanza(shown)
	if got, want := parsed["Version"], "1:4.13+dfsg1-1"; got != want {
		t.Errorf("Version = %q, want %q of the first paragraph", got, want)
	}
	if _, found := parsed[" folded"]; found {
		t.Error("a folded line was taken for a field")
	}
	if diff := cmp.Diff([]string{"libaudit1", "libc6", "libselinux1"}, parsed.dependencies()); diff != "" {
		t.Errorf("dependencies (-want +got):\n%s", diff)
	}
	if got, want := parsed.fileName(), "uidmap_1%3a4.13+dfsg1-1_amd64"; got != want {
		t.Errorf("fileName = %q, want %q", got, want)
	}
}

func TestParseStanzaOfNothing(t *testing.T) {
	if parsed := parseStanza(""); len(parsed) != 0 || parsed.dependencies() != nil {
		t.Errorf("parseStanza(\"\") = %v", parsed)
	}
}
