// Package debian fetches single packages from Debian's archive and unpacks
// them into a cache, without installing them.
//
// It drives apt and dpkg, which check the archive's signatures; it works for
// any user, and leaves the machine's list of installed packages alone.
package debian

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// Cache holds unpacked packages, with a directory for each package and version.
type Cache struct {
	// Directory is made if it does not exist.
	Directory string
	// Progress receives a line about each thing that takes time.
	Progress func(format string, arguments ...any)

	refresh sync.Once
}

// Fetch returns the directory with the unpacked candidate version of the package,
// downloading it if it is not there yet. If apt does not know the package, or it cannot be
// downloaded, the package lists are updated once, which needs root.
func (c *Cache) Fetch(ctx context.Context, name string) (string, error) {
	stanza, err := c.candidate(ctx, name)
	if err != nil {
		return "", err
	}
	return c.unpacked(ctx, stanza)
}

// Version returns the version of the package that [Cache.Image] installs.
func (c *Cache) Version(ctx context.Context, name string) (string, error) {
	found, err := c.candidate(ctx, name)
	return found["Version"], err
}

// FetchDependency returns the directory of the first dependency of the package meta whose
// name has the given prefix. It leads from a meta package such as linux-image-cloud-amd64
// to the package of one kernel.
func (c *Cache) FetchDependency(ctx context.Context, meta, prefix string) (string, error) {
	stanza, err := c.candidate(ctx, meta)
	if err != nil {
		return "", err
	}
	for _, name := range stanza.dependencies() {
		if strings.HasPrefix(name, prefix) {
			return c.Fetch(ctx, name)
		}
	}
	return "", fmt.Errorf("debian: %s depends on no package %s*: %q", meta, prefix, stanza["Depends"])
}

func (c *Cache) candidate(ctx context.Context, name string) (stanza, error) {
	show := func() (stanza, error) {
		text, err := run(ctx, "", "apt-cache", "show", "--no-all-versions", name)
		if err != nil {
			return nil, err
		}
		return parseStanza(text), nil
	}
	found, err := show()
	if err == nil && found["Version"] != "" {
		return found, nil
	}
	if err := c.refreshLists(ctx); err != nil {
		return nil, err
	}
	found, err = show()
	if err != nil {
		return nil, fmt.Errorf("debian: package %s: %w", name, err)
	}
	if found["Version"] == "" {
		return nil, fmt.Errorf("debian: apt knows no version of package %s", name)
	}
	return found, nil
}

func (c *Cache) unpacked(ctx context.Context, wanted stanza) (string, error) {
	destination := filepath.Join(c.Directory, wanted.fileName())
	if _, err := os.Stat(destination); err == nil {
		return destination, nil
	}
	if err := os.MkdirAll(c.Directory, 0o755); err != nil {
		return "", err
	}
	temporary, err := os.MkdirTemp(c.Directory, ".fetch-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temporary)

	c.say("fetching %s %s", wanted["Package"], wanted["Version"])
	archive, err := c.download(ctx, temporary, wanted)
	if err != nil {
		return "", err
	}
	tree := filepath.Join(temporary, "tree")
	if _, err := run(ctx, "", "dpkg-deb", "-x", archive, tree); err != nil {
		return "", err
	}
	// Another run may have been faster; its tree is as good as ours.
	if err := os.Rename(tree, destination); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return destination, nil
}

func (c *Cache) download(ctx context.Context, directory string, wanted stanza) (string, error) {
	get := func() error {
		// apt's sandbox user cannot write to our directory.
		_, err := run(ctx, directory, "apt-get", "-q", "-o", "APT::Sandbox::User=root",
			"download", wanted["Package"]+"="+wanted["Version"])
		return err
	}
	if err := get(); err != nil {
		if refreshError := c.refreshLists(ctx); refreshError != nil {
			return "", errors.Join(err, refreshError)
		}
		if err := get(); err != nil {
			return "", err
		}
	}
	archives, err := filepath.Glob(filepath.Join(directory, "*.deb"))
	if err != nil {
		return "", err
	}
	if len(archives) != 1 {
		return "", fmt.Errorf("debian: downloading %s left %d archives, want 1", wanted["Package"], len(archives))
	}
	return archives[0], nil
}

func (c *Cache) refreshLists(ctx context.Context) (err error) {
	c.refresh.Do(func() {
		if os.Geteuid() != 0 {
			err = errors.New("debian: the package lists are missing or old; run apt-get update as root")
			return
		}
		c.say("refreshing the package lists")
		_, err = run(ctx, "", "apt-get", "-q", "update")
	})
	return err
}

func (c *Cache) say(format string, arguments ...any) {
	if c.Progress != nil {
		c.Progress(format, arguments...)
	}
}

// run returns the standard output of a command. An error ends with what the command printed
// to standard error.
func run(ctx context.Context, directory, name string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir = directory
	command.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	var complaint bytes.Buffer
	command.Stderr = &complaint
	output, err := command.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("debian: %s is missing: packages can be fetched on Debian and its derivatives only", name)
	}
	if err != nil {
		return "", fmt.Errorf("debian: %s: %w: %s", command, err, strings.TrimSpace(complaint.String()))
	}
	return string(output), nil
}
