package debian

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Image describes the disk image of a Debian system.
type Image struct {
	// Packages are installed with their dependencies, in addition to the essential ones.
	Packages []string
	// Modules is the path on the host of lib/modules/VERSION for the kernel that will boot
	// the image, or "" for none. Packages must then contain kmod.
	Modules string
	// Users are created in this order, with IDs from 1000 on, each with a group, a home
	// directory and, if the package uidmap is installed, subordinate IDs.
	Users []string
	// MiB is the size of the file system; unused space takes none on the host.
	MiB int
}

// imageTools lists the programs that make an image, and their packages.
var imageTools = []struct{ program, name string }{
	{"mmdebstrap", "mmdebstrap"},
	{"mke2fs", "e2fsprogs"},
}

// unwanted is what dpkg leaves out: nobody reads manuals in a guest.
var unwanted = []string{"/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*"}

// recipe is everything that determines an image's content; its digest names the image.
type recipe struct {
	Image
	Suite    string
	Versions []string
	Steps    []string
}

// Image returns the path of an ext4 image, making it if it does not exist yet. The same
// image serves any number of guests, as long as none writes to it. Packages are installed
// with their own scripts, which needs root.
func (c *Cache) Image(ctx context.Context, image Image) (string, error) {
	recipe, err := c.recipe(ctx, image)
	if err != nil {
		return "", err
	}
	file := filepath.Join(c.Directory, "images", recipe.digest()+".ext4")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(file+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return "", fmt.Errorf("debian: lock %s: %w", lock.Name(), err)
	}
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	return file, c.makeImage(ctx, recipe, file)
}

func (c *Cache) recipe(ctx context.Context, image Image) (recipe, error) {
	image.Packages = slices.Compact(slices.Sorted(slices.Values(image.Packages)))
	made := recipe{Image: image, Steps: customizations(image)}
	var err error
	if made.Suite, err = suite(); err != nil {
		return recipe{}, err
	}
	for _, name := range image.Packages {
		found, err := c.candidate(ctx, name)
		if err != nil {
			return recipe{}, err
		}
		made.Versions = append(made.Versions, found["Version"])
	}
	return made, nil
}

func (r recipe) digest() string {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // only strings and numbers
	}
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:8])
}

// customizations returns the shell commands that complete the system; $1 is its root.
func customizations(image Image) []string {
	var steps []string
	if image.Modules != "" {
		version := filepath.Base(image.Modules)
		steps = append(steps,
			`mkdir -p "$1/usr/lib/modules"`,
			fmt.Sprintf(`cp -r '%s' "$1/usr/lib/modules/"`, image.Modules),
			fmt.Sprintf(`chroot "$1" depmod -a '%s'`, version))
	}
	for index, user := range image.Users {
		steps = append(steps, fmt.Sprintf(`chroot "$1" useradd --create-home --user-group --uid %d --shell /bin/sh '%s'`, 1000+index, user))
	}
	return steps
}

func (c *Cache) makeImage(ctx context.Context, recipe recipe, file string) error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("debian: a system of %s is not in the cache yet; make it once as root", strings.Join(recipe.Packages, ", "))
	}
	for _, tool := range imageTools {
		if _, err := exec.LookPath(tool.program); err != nil {
			if err := c.Install(ctx, tool.name); err != nil {
				return err
			}
		}
	}
	temporary, err := os.MkdirTemp(filepath.Dir(file), ".image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	c.say("making a system of %s", strings.Join(recipe.Packages, ", "))
	root := filepath.Join(temporary, "root")
	arguments := []string{"--quiet", "--mode=root", "--variant=minbase", "--include=" + strings.Join(recipe.Packages, ",")}
	for _, pattern := range unwanted {
		arguments = append(arguments, "--dpkgopt=path-exclude="+pattern)
	}
	for _, step := range recipe.Steps {
		arguments = append(arguments, "--customize-hook="+step)
	}
	if _, err := run(ctx, "", "mmdebstrap", append(arguments, recipe.Suite, root)...); err != nil {
		return err
	}
	unnamed := filepath.Join(temporary, "image")
	// Without a journal: nobody needs to recover a disk whose writes are dropped.
	if _, err := run(ctx, "", "mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-d", root,
		unnamed, fmt.Sprintf("%dM", recipe.MiB)); err != nil {
		return err
	}
	return os.Rename(unnamed, file)
}

// suite returns this machine's Debian release, whose kernel the guest boots.
func suite() (string, error) {
	const file = "/etc/os-release"
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, "VERSION_CODENAME="); found {
			return strings.Trim(strings.TrimSpace(value), `"`), nil
		}
	}
	return "", fmt.Errorf("debian: %s has no VERSION_CODENAME: systems can be made on Debian only", file)
}
