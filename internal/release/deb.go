package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/fsrun/fsrun/internal/checkout"
)

// control is the package's metadata. The binary is static and needs nothing. An ordinary
// user needs newuidmap for containers with more than one user.
const control = `Package: fsrun
Version: %s
Section: admin
Priority: optional
Architecture: %s
Maintainer: The fsrun authors <authors@fsrun.invalid>
Suggests: uidmap
Installed-Size: %d
Description: OCI container runtime whose limits mean what they say
 Creates and runs containers as the OCI runtime specification says, and takes
 the commands and flags of the runtimes that engines call. Needs Linux 5.14 and
 cgroup v2.
`

const copyright = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: fsrun

Files: *
Copyright: 2026 The fsrun authors
License: Apache-2.0
 On Debian systems, the full text of the Apache License 2.0 is in
 /usr/share/common-licenses/Apache-2.0.
`

// debianPackage makes a package with dpkg-deb and returns its path.
func debianPackage(ctx context.Context, o options) (string, error) {
	module, err := checkout.Directory()
	if err != nil {
		return "", err
	}
	released, err := thisRevision(ctx, module)
	if err != nil {
		return "", err
	}
	root, err := os.MkdirTemp("", "fsrun-deb-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(root)
	if err := os.Chmod(root, 0o755); err != nil {
		return "", err
	}
	staged := o
	staged.destination, staged.prefix = root, "usr"
	if err := install(ctx, staged); err != nil {
		return "", err
	}
	if err := compressManual(filepath.Join(root, "usr", "share", "man", "man8")); err != nil {
		return "", err
	}
	share := filepath.Join(root, "usr", "share", "doc", "fsrun")
	if err := os.Remove(filepath.Join(share, "LICENSE")); err != nil { // copyright names it
		return "", err
	}
	if err := put(filepath.Join(share, "copyright"), []byte(copyright)); err != nil {
		return "", err
	}
	size, err := kibibytes(root)
	if err != nil {
		return "", err
	}
	if err := put(filepath.Join(root, "DEBIAN", "control"), fmt.Appendf(nil, control, released.version, o.architecture, size)); err != nil {
		return "", err
	}
	if err := os.MkdirAll(o.output, 0o755); err != nil {
		return "", err
	}
	path := filepath.Join(o.output, fmt.Sprintf("fsrun_%s_%s.deb", released.version, o.architecture))
	// Modes must not depend on the caller's umask, owners not on the caller, times not on
	// the clock.
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if entry.IsDir() || entry.Name() == "fsrun" {
			mode = 0o755
		}
		return os.Chmod(path, mode)
	})
	if err != nil {
		return "", err
	}
	pack := exec.CommandContext(ctx, "dpkg-deb", "--root-owner-group", "-Zxz", "--build", root, path)
	pack.Env = append(os.Environ(), "SOURCE_DATE_EPOCH="+strconv.FormatInt(released.time.Unix(), 10))
	_, err = output(pack)
	return path, err
}

// compressManual compresses manual pages as Debian does: without names and times.
func compressManual(directory string) error {
	pages, err := filepath.Glob(filepath.Join(directory, "*.8"))
	if err != nil {
		return err
	}
	for _, page := range pages {
		content, err := os.ReadFile(page)
		if err != nil {
			return err
		}
		var compressed bytes.Buffer
		writer, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
		if err != nil {
			return err
		}
		_, writeError := writer.Write(content)
		if err := errors.Join(writeError, writer.Close()); err != nil {
			return err
		}
		if err := errors.Join(put(page+".gz", compressed.Bytes()), os.Remove(page)); err != nil {
			return err
		}
	}
	return nil
}

// kibibytes returns the size of the files beneath a directory.
func kibibytes(directory string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(directory, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			sum += (info.Size() + 1023) / 1024
		}
		return err
	})
	return sum, err
}
