package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/google/go-cmp/cmp"
)

//go:generate go run . -file ../../SPEC.md

func main() {
	check := flag.Bool("check", false, "show what would change instead of writing it; exit 1 if anything")
	path := flag.String("file", "SPEC.md", "the specification")
	flag.Parse()
	if err := run(*path, *check); err != nil {
		fmt.Fprintln(os.Stderr, "specgen:", err)
		os.Exit(1)
	}
}

func run(path string, check bool) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	present := string(content)
	wanted, err := rewrite(present, sections)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if wanted == present {
		return nil
	}
	if check {
		return fmt.Errorf("%s differs from the rows (-present +wanted); `go run ./internal/specgen` rewrites it:\n%s",
			path, cmp.Diff(lines(present), lines(wanted)))
	}
	return os.WriteFile(path, []byte(wanted), 0o644)
}
