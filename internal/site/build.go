package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// build builds the site from sources that it assembles in a temporary directory.
func build(ctx context.Context, module, packages string, pages []page, output string) error {
	output, err := filepath.Abs(output)
	if err != nil {
		return err
	}
	source, err := os.MkdirTemp("", "fsrun-site-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(source)
	if err := assemble(module, pages, source); err != nil {
		return err
	}
	if err := os.Symlink(packages, filepath.Join(source, "node_modules")); err != nil {
		return err
	}
	if err := os.RemoveAll(output); err != nil {
		return err
	}
	return command(ctx, source, "node", filepath.Join(packages, "vitepress", "bin", "vitepress.js"), "build", ".", "--outDir", output)
}

// assemble writes the site's sources: pages, theme and data.
func assemble(module string, pages []page, to string) error {
	files, err := fs.Sub(web, "web")
	if err != nil {
		return err
	}
	if err := os.CopyFS(to, files); err != nil {
		return err
	}
	var problems []error
	for _, page := range pages {
		content, err := os.ReadFile(filepath.Join(module, page.Source))
		if err != nil {
			return err
		}
		text, err := rewriteLinks(module, pages, page.Source, string(content))
		problems = append(problems, err, os.WriteFile(filepath.Join(to, page.Name+".md"), []byte(text), 0o644))
	}
	problems = append(problems, copyPictures(filepath.Join(module, "docs"), to))
	told, err := stories()
	problems = append(problems, err,
		writeJSON(filepath.Join(to, ".vitepress", "pages.json"), pages),
		writeJSON(filepath.Join(to, ".vitepress", "theme", "handshake.json"), map[string]any{
			"machines": []drawnMachine{drawMachine(tables.Parent), drawMachine(tables.Child)},
			"kinds":    kindMeanings(),
			"stories":  told,
		}))
	return errors.Join(problems...)
}

func copyPictures(from, to string) error {
	for _, extension := range pictures {
		found, err := filepath.Glob(filepath.Join(from, "*"+extension))
		if err != nil {
			return err
		}
		for _, path := range found {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(to, filepath.Base(path)), content, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeJSON(path string, value any) error {
	content, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}
