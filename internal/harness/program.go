package harness

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// ProbePath is the probe's path in a container, and its argv[0].
const ProbePath = "/probe"

// probeProgram returns a static program that is the probe when it is called as [ProbePath]:
// the test binary itself or, if that needs an interpreter, one that is built.
var probeProgram = sync.OnceValues(func() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	if static, err := isStatic(self); err != nil || static {
		return self, err
	}
	return build()
})

// build builds the probe as a separate program. It stays in the user's cache, where a later
// run replaces it.
func build() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	name := filepath.Join(cache, "fsrun-test", "probe")
	fresh := fmt.Sprintf("%s.%d", name, os.Getpid())
	command := exec.Command("go", "build", "-o", fresh, "github.com/fsrun/fsrun/internal/harness/probe/program")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%v: %w\n%s", command, err, output)
	}
	return name, os.Rename(fresh, name)
}

func isStatic(program string) (bool, error) {
	file, err := elf.Open(program)
	if err != nil {
		return false, err
	}
	defer file.Close()
	interpreted := slices.ContainsFunc(file.Progs, func(segment *elf.Prog) bool { return segment.Type == elf.PT_INTERP })
	return !interpreted, nil
}

// Probe returns the probe's path on the host.
func Probe(t testing.TB) string {
	t.Helper()
	program, err := probeProgram()
	must(t, err)
	return program
}
