package main

import (
	"bytes"
	"debug/elf"
	"flag"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fsrun/fsrun/internal/checkout"
)

// The package is the same when built twice, at different times and places, and what it
// installs runs.
func TestDebianPackage(t *testing.T) {
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("native only: needs Debian's dpkg-deb")
	}
	var packages [2][]byte
	path := ""
	for i := range packages {
		if i > 0 {
			time.Sleep(1100 * time.Millisecond) // times in archives are whole seconds
		}
		var err error
		if path, err = debianPackage(t.Context(), options{architecture: runtime.GOARCH, output: t.TempDir()}); err != nil {
			t.Fatal(err)
		}
		if packages[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(packages[0], packages[1]) {
		t.Error("the same sources give two different packages")
	}
	root := t.TempDir()
	if said, err := exec.Command("dpkg-deb", "--extract", path, root).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	checkBinary(t, filepath.Join(root, "usr/bin/fsrun"))
	for _, name := range []string{
		"doc/fsrun/SPEC.md", "doc/fsrun/README.md", "doc/fsrun/copyright", "man/man8/fsrun.8.gz", "man/man8/fsrun-checkpoint.8.gz",
		"bash-completion/completions/fsrun", "zsh/site-functions/_fsrun", "fish/vendor_completions.d/fsrun.fish",
	} {
		if info, err := os.Stat(filepath.Join(root, "usr/share", name)); err != nil || info.Size() == 0 {
			t.Errorf("%s is missing or empty: %v", name, err)
		}
	}
	// Dpkg itself installs it, in a separate root.
	system := t.TempDir()
	if err := os.MkdirAll(filepath.Join(system, "var/lib/dpkg"), 0o755); err != nil {
		t.Fatal(err)
	}
	dpkg := exec.Command("dpkg", "--root="+system, "--force-not-root,script-chrootless", "--install", path)
	dpkg.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if said, err := dpkg.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	checkBinary(t, filepath.Join(system, "usr/bin/fsrun"))
}

// By default, the package is for the machine it is made on.
func TestArchitectureIsThisMachines(t *testing.T) {
	var o options
	o.register(flag.NewFlagSet("", flag.ContinueOnError))
	if o.architecture != runtime.GOARCH {
		t.Errorf("by default for %s, on %s", o.architecture, runtime.GOARCH)
	}
}

// The maintainer is a name with an address (Debian Policy Manual, 5.6.2), which means the
// same on every machine.
func TestMaintainerHasAnAddress(t *testing.T) {
	maintainer := regexp.MustCompile(`(?m)^Maintainer: (.*)$`).FindStringSubmatch(control)[1]
	address, err := mail.ParseAddress(maintainer)
	if err != nil || address.Name == "" || !strings.Contains(address.Address, ".") {
		t.Errorf("%q: %v", maintainer, err)
	}
}

func TestInstall(t *testing.T) {
	destination := t.TempDir()
	if err := run(t.Context(), "install", options{prefix: "/opt/it", destination: destination, architecture: runtime.GOARCH}); err != nil {
		t.Fatal(err)
	}
	checkBinary(t, filepath.Join(destination, "opt/it/bin/fsrun"))
	for _, path := range completions {
		script, err := os.ReadFile(filepath.Join(destination, "opt/it/share", path))
		if err != nil || !bytes.Contains(script, []byte("checkpoint")) {
			t.Errorf("%s does not complete what needs CRIU: %v", path, err)
		}
	}
	if err := run(t.Context(), "binary", options{architecture: "mips", output: destination}); err == nil || !strings.Contains(err.Error(), "amd64") {
		t.Errorf("for mips: %v", err)
	}
}

// checkBinary checks that a binary is static, contains no path of this machine, and prints
// its version and commit.
func checkBinary(t *testing.T, path string) {
	t.Helper()
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, program := range file.Progs {
		if program.Type == elf.PT_INTERP || program.Type == elf.PT_DYNAMIC {
			t.Errorf("%s is not static: %v", path, program.Type)
		}
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	here, err := checkout.Directory()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(content, []byte(here+"/")) {
		t.Errorf("%s names %s", path, here)
	}
	said, err := exec.Command(path, "--version").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	released, err := thisRevision(t.Context(), here)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(said), "fsrun version") || !strings.Contains(string(said), "commit: "+released.commit) {
		t.Errorf("%s: no version with commit %s: %s", path, released.commit, said)
	}
}
