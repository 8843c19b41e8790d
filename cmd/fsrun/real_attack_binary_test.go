package main

import (
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
)

// TestBinaryCannotBeOverwritten runs a container whose program is the runtime itself,
// through a link and through an interpreter line.
//
// CLASS: V2
func TestBinaryCannotBeOverwritten(t *testing.T) {
	before := fingerprint(t, "/proc/self/exe")
	for name, make := range map[string]func(path string) error{
		"link":        func(path string) error { return os.Symlink("/proc/self/exe", path) },
		"interpreter": func(path string) error { return os.WriteFile(path, []byte("#!/proc/self/exe\n"), 0o755) },
	} {
		t.Run(name, func(t *testing.T) {
			directory := harness.Bundle(t, harness.Args("/entry"))
			must(t, make(filepath.Join(directory, "rootfs/entry")))
			c := newContainerOf(t, directory)
			c.connect()
			if running, err := parent.Run(c.Options); err == nil {
				_, _ = running.Wait() // whatever it was, it was not the file on the host
			}
		})
	}
	if fingerprint(t, "/proc/self/exe") != before {
		t.Error("the binary on the host has changed")
	}
}

func fingerprint(t *testing.T, path string) [sha256.Size]byte {
	t.Helper()
	file, err := os.Open(path)
	must(t, err)
	defer file.Close()
	hash := sha256.New()
	_, err = io.Copy(hash, file)
	must(t, err)
	return [sha256.Size]byte(hash.Sum(nil))
}
