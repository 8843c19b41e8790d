package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"github.com/fsrun/fsrun/internal/sys/boot"
	"github.com/fsrun/fsrun/internal/vm/cpio"
	"github.com/fsrun/fsrun/internal/vm/debian"
	"github.com/fsrun/fsrun/internal/vm/modules"
	"github.com/fsrun/fsrun/internal/vm/sharedlib"
	"github.com/fsrun/fsrun/internal/vm/wire"
)

// The Debian packages that make up the guest.
const (
	kernelMetaPackage   = "linux-image-cloud-amd64"
	kernelPackagePrefix = "linux-image-"
	busyboxPackage      = "busybox-static"
	idMapPackage        = "uidmap"
)

// wantedModules are loaded, with their dependencies, before any test runs.
var wantedModules = []struct{ name, why string }{
	{"overlay", "overlay mounts, and the overlay that protects the runtime's binary"},
	{"fuse", "/dev/fuse as a device to allow and deny"},
	{"tun", "/dev/net/tun as a device to allow and deny"},
	{"dummy", "network interfaces to move and rename"},
	{"veth", "network interfaces in pairs"},
	{"loop", "block devices on files"},
	{"null_blk", "a disk for io limits"},
	{"bfq", "the io scheduler that honours io.bfq.weight"},
	{"lzo_rle", "the compression that zram asks for by name only"},
	{"zram", "swap, for memory.swap limits"},
}

// configuration holds the files that a Debian system would have in /etc.
var configuration = map[string]string{
	"passwd": "root:x:0:0:root:/root:/bin/sh\n" +
		"daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n" +
		"tester:x:1000:1000:tester:/home/tester:/bin/sh\n" +
		"nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
	"group":    "root:x:0:\ndaemon:x:1:\ntty:x:5:\ntester:x:1000:\nnogroup:x:65534:\n",
	"subuid":   "tester:100000:65536\n",
	"subgid":   "tester:100000:65536\n",
	"hosts":    "127.0.0.1 localhost guest\n::1 localhost\n",
	"hostname": "guest\n",
	"profile":  "export PS1='guest:\\w# '\n",
}

// optionalPrograms are copied if this machine has them, for tests that compare with them or
// use them.
var optionalPrograms = []string{"strace", "crun", "runc"}

// moduleFiles are files of the module that tests may read, in addition to every package's
// testdata.
var moduleFiles = []string{"go.mod", "SPEC.md", "README.md", "docs"}

// maxSourceBytes is the largest size of a file in a tested package's directory that is
// copied.
const maxSourceBytes = 1 << 20

// guest is the guest's file system under construction.
type guest struct {
	tree     cpio.Tree
	manifest wire.Manifest
	cache    *debian.Cache
	scratch  string // a directory for intermediate files
}

// kernel returns the paths of the kernel's image and its lib/modules/VERSION.
func (g *guest) kernel(ctx context.Context) (image, moduleDirectory string, err error) {
	directory, err := g.cache.FetchDependency(ctx, kernelMetaPackage, kernelPackagePrefix)
	if err != nil {
		return "", "", err
	}
	if image, err = only(directory, "boot/vmlinuz-*"); err != nil {
		return "", "", err
	}
	moduleDirectory, err = only(directory, "lib/modules/*", "usr/lib/modules/*")
	return image, moduleDirectory, err
}

// addKernel adds the modules and returns the path of the kernel's image.
func (g *guest) addKernel(ctx context.Context) (string, error) {
	image, moduleDirectory, err := g.kernel(ctx)
	if err != nil {
		return "", err
	}
	var names []string
	for _, wanted := range wantedModules {
		names = append(names, wanted.name)
	}
	g.manifest.Modules, err = g.addModules(moduleDirectory, names)
	return image, err
}

// addModules adds the modules with their dependencies, and returns their files in the order
// in which they must be loaded.
func (g *guest) addModules(moduleDirectory string, names []string) (files []string, err error) {
	index, err := modules.Open(moduleDirectory)
	if err != nil {
		return nil, err
	}
	loaded, err := index.Load(names)
	if err != nil {
		return nil, err
	}
	for _, module := range loaded {
		file := module.Name + ".ko"
		g.tree.AddBytes(path.Join(wire.ModulesPath, file), 0o644, module.Content)
		files = append(files, file)
	}
	return files, nil
}

// addSystem adds what makes the guest a small Debian: a shell, users, and the programs that
// map user IDs.
func (g *guest) addSystem(ctx context.Context) error {
	for name, content := range configuration {
		g.tree.AddBytes("etc/"+name, 0o644, []byte(content))
	}
	for directory, permissions := range map[string]uint32{
		"root": 0o700, "home/tester": 0o755, "var/lib": 0o755, "var/tmp": 0o1777, "mnt": 0o755,
	} {
		g.tree.AddDirectory(directory, permissions)
	}
	if err := g.addBusybox(ctx); err != nil {
		return err
	}
	idMap, err := g.cache.Fetch(ctx, idMapPackage)
	if err != nil {
		return err
	}
	for _, name := range []string{"newuidmap", "newgidmap"} {
		if err := g.addProgram(filepath.Join(idMap, "usr/bin", name), "/usr/bin/"+name, 0o4755); err != nil {
			return err
		}
	}
	for _, name := range optionalPrograms {
		if source, err := exec.LookPath(name); err == nil {
			if err := g.addProgram(source, "/usr/bin/"+name, 0o755); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *guest) addBusybox(ctx context.Context) error {
	directory, err := g.cache.Fetch(ctx, busyboxPackage)
	if err != nil {
		return err
	}
	busybox, err := only(directory, "bin/busybox", "usr/bin/busybox")
	if err != nil {
		return err
	}
	applets, err := exec.CommandContext(ctx, busybox, "--list-full").Output()
	if err != nil {
		return fmt.Errorf("%s --list-full: %w", busybox, err)
	}
	for applet := range strings.FieldsSeq(string(applets)) {
		g.tree.AddSymlink(applet, "/bin/busybox")
	}
	g.tree.AddFile("bin/busybox", 0o755, busybox)
	return nil
}

// addProgram adds a program and the shared libraries that it needs.
func (g *guest) addProgram(source, destination string, permissions uint32) error {
	libraries, err := sharedlib.Closure(source)
	if err != nil {
		return err
	}
	for _, library := range libraries {
		g.tree.AddFile(library, 0o755, library)
	}
	g.tree.AddFile(destination, permissions, source)
	return nil
}

// addFiles adds HOST:GUEST pairs.
func (g *guest) addFiles(pairs []string) error {
	for _, pair := range pairs {
		source, destination, found := strings.Cut(pair, ":")
		if !found || !path.IsAbs(destination) {
			return fmt.Errorf("-file %s: want HOST:GUEST with an absolute path in the guest", pair)
		}
		info, err := os.Stat(source)
		if err != nil {
			return fmt.Errorf("-file %s: %w", pair, err)
		}
		switch {
		case info.IsDir():
			err = g.tree.AddTree(destination, source)
		case info.Mode().Perm()&0o111 != 0 && isELF(source):
			err = g.addProgram(source, destination, uint32(info.Mode().Perm()))
		default:
			g.tree.AddFile(destination, uint32(info.Mode().Perm()), source)
		}
		if err != nil {
			return fmt.Errorf("-file %s: %w", pair, err)
		}
	}
	return nil
}

// addPackages builds the packages' tests and adds them, their directories, and a unit for
// each. It returns the packages added, and the errors of those that do not build: the
// others are worth running all the same.
func (g *guest) addPackages(ctx context.Context, o options, packages []goPackage) (added []goPackage, unbuilt []buildFailure, err error) {
	for index, found := range packages {
		g.cache.Progress("building the tests of %s", found.ImportPath)
		name := fmt.Sprintf("%d.test", index)
		built := filepath.Join(g.scratch, name)
		if err := buildTests(ctx, found, built); err != nil {
			unbuilt = append(unbuilt, buildFailure{found.ImportPath, err})
			continue
		}
		unit, err := testUnit(o, found, "/tests/"+name)
		if err != nil {
			return nil, nil, err
		}
		g.tree.AddFile(unit.Command[0], 0o755, built)
		g.manifest.Units = append(g.manifest.Units, unit)
		if err := g.addPackageFiles(found, unit.Directory); err != nil {
			return nil, nil, err
		}
		added = append(added, found)
	}
	return added, unbuilt, ctx.Err()
}

// addPackageFiles adds the files in the package's directory.
func (g *guest) addPackageFiles(found goPackage, destination string) error {
	entries, err := os.ReadDir(found.Dir)
	if err != nil {
		return err
	}
	g.tree.AddDirectory(destination, 0o755)
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.Mode().IsRegular() && info.Size() <= maxSourceBytes {
			g.tree.AddFile(path.Join(destination, entry.Name()), uint32(info.Mode().Perm()), filepath.Join(found.Dir, entry.Name()))
		}
	}
	return nil
}

// addTestdata adds every testdata directory in the module: tests may read those of other
// packages.
func (g *guest) addTestdata(directory string) error {
	return filepath.WalkDir(directory, func(source string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case !entry.IsDir():
			return nil
		case strings.HasPrefix(entry.Name(), ".") && source != directory:
			return fs.SkipDir
		case entry.Name() != "testdata":
			return nil
		}
		relative, err := filepath.Rel(directory, source)
		if err != nil {
			return err
		}
		if err := g.tree.AddTree(path.Join(guestModule, relative), source); err != nil {
			return err
		}
		return fs.SkipDir
	})
}

// addModule adds the guest's init and the files of the module that tests read.
func (g *guest) addModule(ctx context.Context, directory string, name string) error {
	for _, file := range moduleFiles {
		source := filepath.Join(directory, file)
		info, err := os.Stat(source)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return err
		}
		if info.IsDir() {
			if err := g.tree.AddTree(path.Join(guestModule, file), source); err != nil {
				return err
			}
			continue
		}
		g.tree.AddFile(path.Join(guestModule, file), 0o644, source)
	}
	if err := g.addTestdata(directory); err != nil {
		return err
	}
	initProgram := filepath.Join(g.scratch, "init")
	if err := build(ctx, name, "internal/vm/guestinit", initProgram, ""); err != nil {
		return err
	}
	g.tree.AddFile(wire.InitPath, 0o755, initProgram)
	return nil
}

// addRuntime builds and adds the runtime, if the module already has it.
func (g *guest) addRuntime(ctx context.Context) error {
	directory, name, err := moduleOf(ctx)
	if err != nil {
		return err
	}
	if sources, err := filepath.Glob(filepath.Join(directory, "cmd/fsrun/*.go")); err != nil || len(sources) == 0 {
		return err
	}
	runtimeProgram := filepath.Join(g.scratch, "fsrun")
	if err := build(ctx, name, "cmd/fsrun", runtimeProgram, boot.Link); err != nil {
		return err
	}
	g.tree.AddFile("bin/fsrun", 0o755, runtimeProgram)
	return nil
}

// write adds the manifest and writes the archive.
func (g *guest) write(file string) error {
	text, err := json.MarshalIndent(g.manifest, "", "\t")
	if err != nil {
		return err
	}
	g.tree.AddBytes(wire.ManifestPath, 0o644, text)
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := g.tree.Write(out); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// only returns the one path below directory that matches a pattern.
func only(directory string, patterns ...string) (string, error) {
	for _, pattern := range patterns {
		paths, err := filepath.Glob(filepath.Join(directory, pattern))
		if err != nil {
			return "", err
		}
		if len(paths) == 1 {
			return paths[0], nil
		}
	}
	return "", fmt.Errorf("%s has not exactly one of %s: %w", directory, strings.Join(patterns, ", "), fs.ErrNotExist)
}

func isELF(file string) bool {
	opened, err := os.Open(file)
	if err != nil {
		return false
	}
	defer opened.Close()
	magic := make([]byte, 4)
	_, err = opened.Read(magic)
	return err == nil && string(magic) == "\x7fELF"
}
