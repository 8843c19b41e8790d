package parent

import (
	"os"
	"path/filepath"
	"testing"
)

// TestPIDFileIsNew: whatever somebody has put in the way of the PID file, nothing is
// written to what was there, and the file is the caller's.
func TestPIDFileIsNew(t *testing.T) {
	const before = "before"
	for name, obstruct := range map[string]func(victim, way string) error{
		"nothing":         func(string, string) error { return nil },
		"a symbolic link": os.Symlink,
		"a hard link":     os.Link,
		"a dangling link": func(victim, way string) error { return os.Symlink(victim+".missing", way) },
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			victim, file := filepath.Join(directory, "victim"), filepath.Join(directory, "pid")
			if err := os.WriteFile(victim, []byte(before), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := obstruct(victim, file+".fsrun"); err != nil {
				t.Fatal(err)
			}
			if err := writePIDFile(file, 4321); err != nil {
				t.Fatal(err)
			}
			if content, err := os.ReadFile(victim); string(content) != before || err != nil {
				t.Errorf("another file holds %q now, %v", content, err)
			}
			if content, err := os.ReadFile(file); string(content) != "4321" || err != nil {
				t.Errorf("the pid file holds %q, %v", content, err)
			}
			info, err := os.Lstat(file)
			if err != nil || !info.Mode().IsRegular() {
				t.Errorf("the pid file is %v, %v", info, err)
			}
			entries, err := os.ReadDir(directory)
			if err != nil || len(entries) != 2 {
				t.Errorf("the directory holds %v, %v; want the pid file and the victim", entries, err)
			}
		})
	}
}
