package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/protocol"
)

// releasedVersion and releasedCommit are set by the linker for releases, which are built
// the same with or without git: see internal/release.
var releasedVersion, releasedCommit string

// build is what is known about this binary.
type build struct{ version, commit string }

func thisBuild() build {
	if releasedVersion != "" {
		return build{version: releasedVersion, commit: releasedCommit}
	}
	b := build{version: "unknown", commit: "unknown"}
	info, found := debug.ReadBuildInfo()
	if !found {
		return b
	}
	b.version = info.Main.Version
	modified := ""
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.commit = setting.Value
		case "vcs.modified":
			if setting.Value == "true" {
				modified = " (modified)"
			}
		}
	}
	b.commit += modified
	return b
}

func writeVersion(to io.Writer) error {
	b := thisBuild()
	_, err := fmt.Fprintf(to, "fsrun version %s\ncommit: %s\nspec: %s\nprotocol: %d\ngo: %s\n",
		b.version, b.commit, specs.Version, protocol.Version, runtime.Version())
	return err
}
