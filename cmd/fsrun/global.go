package main

import (
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/state"
)

// global holds the global flags.
type global struct {
	root          string
	log           logger
	debug         bool
	version       bool
	systemdCgroup bool
	rootless      string
	cgroupManager string
}

func (g *global) flags(flags *pflag.FlagSet) {
	flags.StringVar(&g.root, "root", "", "keep the state of containers in `DIRECTORY` (default: /run/fsrun, or $XDG_RUNTIME_DIR/fsrun for a user without privileges)")
	flags.StringVar(&g.log.path, "log", "", "append the log to `FILE`; errors also go to standard error")
	flags.Var(cli.Choice(&g.log.format, "text", "text", "json"), "log-format", "write the log as `FORMAT`: text or json")
	flags.Var(cli.Choice(&g.log.level, "info", logLevels[:]...), "log-level", "log messages from `LEVEL` up: debug, info, warning or error")
	flags.BoolVar(&g.debug, "debug", false, "the same as --log-level debug: log every step of the handshake")
	flags.BoolVar(&g.systemdCgroup, "systemd-cgroup", false, "the same as --cgroup-manager systemd")
	flags.Var(cli.Choice(&g.rootless, "auto", "auto", "true", "false"), "rootless", "accepted for compatibility, `WHETHER` is auto, true or false; auto asks the kernel")
	flags.Var(cli.Choice(&g.cgroupManager, "cgroupfs", "cgroupfs", "systemd", "disabled"), "cgroup-manager", "have `MANAGER` make the cgroups of new containers: cgroupfs, fsrun itself; systemd, with linux.cgroupsPath as SLICE:PREFIX:NAME; disabled, nobody")
	flags.BoolVarP(&g.version, "version", "v", false, "print the version")
}

// cgroupManagers maps the values of --cgroup-manager.
var cgroupManagers = map[string]parent.CgroupManager{
	"cgroupfs": parent.Cgroupfs, "systemd": parent.Systemd, "disabled": parent.NoCgroup,
}

// manager returns who makes cgroups. Engines that give both flags mean systemd.
func (g *global) manager() parent.CgroupManager {
	if g.systemdCgroup {
		return parent.Systemd
	}
	return cgroupManagers[g.cgroupManager]
}

// settle refuses what cannot be supported and fills in defaults.
func (g *global) settle() error {
	if g.debug {
		g.log.level = "debug"
	}
	if err := g.log.open(); err != nil {
		return err
	}
	if g.root == "" {
		// If there is no default, only commands that need it fail, with an error from
		// state.Open.
		g.root, _ = state.Root()
		return nil
	}
	var err error
	g.root, err = filepath.Abs(g.root)
	return err
}
