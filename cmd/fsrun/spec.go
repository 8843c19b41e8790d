package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/parent/bundle"
)

func specCommand() *cli.Command {
	var directory string
	var rootless bool
	return &cli.Command{
		Name:      "spec",
		Elsewhere: []string{"init", "generate"},
		Short:     "write a config.json to start from",
		Long: `The bundle still needs its root file system, in rootfs/. An existing config.json
is left alone. The configuration asks for a terminal; for create set
process.terminal to false or give --console-socket.`,
		Examples: []cli.Example{{Line: "mkdir -p web/rootfs && fsrun spec -b web", Meaning: "begin a bundle"}},
		Flags: func(flags *pflag.FlagSet) {
			flags.StringVarP(&directory, "bundle", "b", ".", "write it to `DIRECTORY`")
			flags.BoolVar(&rootless, "rootless", false, "for a user without privileges: a user namespace in which the caller is root")
		},
		Run: func([]string) (int, error) {
			return 0, writeSpec(filepath.Join(directory, bundle.ConfigName), rootless)
		},
	}
}

func writeSpec(path string, rootless bool) error {
	var content bytes.Buffer
	encoder := json.NewEncoder(&content)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "\t")
	if err := encoder.Encode(bundle.Default(rootless)); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666) //nolint:gosec // the umask is the caller's word
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s already exists; remove it first, or choose another directory with --bundle", path)
	}
	if err != nil {
		return err
	}
	_, err = file.Write(content.Bytes())
	return errors.Join(err, file.Close())
}
