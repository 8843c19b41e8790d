package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/fsrun/fsrun/internal/vm/debian"
	"github.com/fsrun/fsrun/internal/vm/testlog"
)

// neededPackages are the Debian packages that the steps need.
var neededPackages = []struct{ name, why string }{
	{"gcc", "the race detector is linked by a C linker"},
	{"libc6-dev", "what gcc links"},
	{"git", "lists the files to compare with what is generated"},
	{"qemu-system-x86", "the guest"},
	{"busybox-static", "a root file system for test bundles"},
	{"uidmap", "newuidmap and newgidmap for rootless containers"},
	{"crun", "makes bundles, and is compared with"},
	{"runc", "makes bundles, and is compared with"},
	{"strace", "injects faults into system calls"},
	{"valgrind", "counts instructions"},
}

func installPackages(ctx context.Context, r *run) (*testlog.Tally, error) {
	var names []string
	for _, needed := range neededPackages {
		names = append(names, needed.name)
	}
	cacheDirectory, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	cache := &debian.Cache{Directory: filepath.Join(cacheDirectory, "fsrun"), Progress: r.say}
	return nil, cache.Install(ctx, debian.Missing(ctx, names...)...)
}

func checkFormat(ctx context.Context, _ *run) (*testlog.Tally, error) {
	unformatted, err := output(ctx, "", nil, "gofmt", "-l", ".")
	if err == nil && unformatted != "" {
		err = fmt.Errorf("gofmt -w would change:\n%s", unformatted)
	}
	return nil, err
}

func checkModules(ctx context.Context, _ *run) (*testlog.Tally, error) {
	_, verifyError := output(ctx, "", nil, "go", "mod", "verify")
	_, tidyError := output(ctx, "", nil, "go", "mod", "tidy", "-diff")
	return nil, errors.Join(verifyError, tidyError)
}

func checkImports(ctx context.Context, _ *run) (*testlog.Tally, error) {
	var violations []string
	for _, architecture := range architectures {
		module, err := loadModule(ctx, architecture)
		if err != nil {
			return nil, err
		}
		for _, violation := range module.violations() {
			violations = append(violations, architecture+": "+violation)
		}
	}
	if len(violations) > 0 {
		return nil, errors.New(strings.Join(violations, "\n"))
	}
	return nil, nil
}

func checkBuild(ctx context.Context, _ *run) (*testlog.Tally, error) {
	var failures []error
	for _, architecture := range architectures {
		_, err := output(ctx, "", append(static, "GOARCH="+architecture), "go", "build", "./...")
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

func checkVet(ctx context.Context, _ *run) (*testlog.Tally, error) {
	_, err := output(ctx, "", static, "go", "vet", "./...")
	return nil, err
}

func checkLint(ctx context.Context, _ *run) (*testlog.Tally, error) {
	_, err := output(ctx, "", static, "go", "tool", "staticcheck", "./...")
	return nil, err
}

func checkDead(ctx context.Context, _ *run) (*testlog.Tally, error) {
	dead, err := output(ctx, "", static, "go", "tool", "deadcode", "-test", "./...")
	if err == nil && len(dead) > 0 {
		err = errors.New(strings.TrimSpace(dead))
	}
	return nil, err
}
