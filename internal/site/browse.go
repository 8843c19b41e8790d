package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/fsrun/fsrun/internal/vm/debian"
)

const (
	chromium       = "/usr/bin/chromium"
	screenshots    = "dist/site-screenshots"
	browserTimeout = 5 * time.Minute
)

// browse serves the site and has browse.mjs check it.
func browse(ctx context.Context, packages string, pages []page, output string) error {
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	installer := &debian.Cache{Directory: filepath.Join(cache, "fsrun"), Progress: say}
	if err := installer.Install(ctx, debian.Missing(ctx, "chromium")...); err != nil {
		return err
	}
	server, err := listen("127.0.0.1:0", output)
	if err != nil {
		return err
	}
	defer server.close()
	pictures, err := filepath.Abs(screenshots)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(pictures, 0o755); err != nil {
		return err
	}
	names, err := json.Marshal(pages)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "fsrun-browse-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	script, err := web.ReadFile("web/browse.mjs")
	if err != nil {
		return err
	}
	err = errors.Join(
		os.WriteFile(filepath.Join(scratch, "browse.mjs"), script, 0o644),
		os.Symlink(packages, filepath.Join(scratch, "node_modules")),
	)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, browserTimeout)
	defer cancel()
	look := exec.CommandContext(ctx, "node", "browse.mjs", "http://"+server.address, pictures, chromium, string(names))
	look.Dir, look.Stdout, look.Stderr = scratch, os.Stdout, os.Stderr
	look.Env = append(os.Environ(), "HOME="+scratch)
	if err := look.Run(); err != nil {
		return fmt.Errorf("in Chromium: %w", err)
	}
	return nil
}

// server serves a directory.
type server struct {
	address string
	http    *http.Server
}

func listen(address, directory string) (*server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	s := &server{listener.Addr().String(), &http.Server{
		Handler: http.FileServer(http.Dir(directory)), ReadHeaderTimeout: 10 * time.Second,
	}}
	go s.http.Serve(listener)
	return s, nil
}

func (s *server) close() error { return s.http.Close() }
