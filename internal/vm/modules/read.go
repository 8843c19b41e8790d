package modules

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// decompressors maps the compressions that kernels are built with to commands.
var decompressors = map[string][]string{
	".gz":  {"gzip", "-dc"},
	".xz":  {"xz", "-dc"},
	".zst": {"zstd", "-dcq"},
}

func readModule(path string) ([]byte, error) {
	suffix := filepath.Ext(path)
	if suffix == ".ko" {
		return os.ReadFile(path)
	}
	command, known := decompressors[suffix]
	if !known {
		return nil, fmt.Errorf("modules: %s: unknown compression %q", path, suffix)
	}
	content, err := exec.Command(command[0], append(command[1:], path)...).Output()
	if err != nil {
		return nil, fmt.Errorf("modules: %s: %s: %w (is %[2]s installed?)", path, command[0], err)
	}
	return content, nil
}

// dependencies returns the names in the module's "depends" entry.
func dependencies(module []byte) ([]string, error) {
	file, err := elf.NewFile(bytes.NewReader(module))
	if err != nil {
		return nil, err
	}
	section := file.Section(".modinfo")
	if section == nil {
		return nil, fmt.Errorf("no .modinfo section")
	}
	info, err := section.Data()
	if err != nil {
		return nil, err
	}
	return parseDepends(string(info)), nil
}

// parseDepends parses the key=value entries in a .modinfo section, each followed by one or
// more NULs.
func parseDepends(info string) []string {
	for entry := range strings.SplitSeq(info, "\x00") {
		if value, found := strings.CutPrefix(entry, "depends="); found && value != "" {
			return strings.Split(value, ",")
		}
	}
	return nil
}
