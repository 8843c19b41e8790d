package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/parent/bundle"
)

// processChanges holds the flags of exec that modify the process.
type processChanges struct {
	directory    string
	environment  []string
	terminal     bool
	user         userIDs
	groups       []uint
	noNewPrivs   bool
	capabilities []string
	apparmor     string
	label        string
}

func (c *processChanges) register(flags *pflag.FlagSet) {
	flags.StringVar(&c.directory, "cwd", "", "start in `DIRECTORY`, a path in the container")
	flags.StringArrayVarP(&c.environment, "env", "e", nil, "set `KEY=VALUE` in the environment; may be repeated")
	flags.BoolVarP(&c.terminal, "tty", "t", false, "give the process a terminal")
	flags.VarP(&c.user, "user", "u", "run as `UID[:GID]`")
	flags.UintSliceVarP(&c.groups, "additional-gids", "g", nil, "add the process to the group `GID`; may be repeated")
	flags.BoolVar(&c.noNewPrivs, "no-new-privs", false, "set no_new_privs")
	flags.StringArrayVarP(&c.capabilities, "cap", "c", nil, "add `CAPABILITY` to the bounding, permitted and effective sets; may be repeated")
	flags.StringVar(&c.apparmor, "apparmor", "", "run under the AppArmor `PROFILE`")
	flags.StringVar(&c.label, "process-label", "", "run with the SELinux `LABEL`")
}

func (c *processChanges) apply(process *specs.Process) error {
	if c.directory != "" {
		process.Cwd = c.directory
	}
	process.Env = append(process.Env, c.environment...)
	process.Terminal = process.Terminal || c.terminal
	process.NoNewPrivileges = process.NoNewPrivileges || c.noNewPrivs
	if c.apparmor != "" {
		process.ApparmorProfile = c.apparmor
	}
	if c.label != "" {
		process.SelinuxLabel = c.label
	}
	c.user.apply(&process.User)
	for _, group := range c.groups {
		if group > bundle.MaxID {
			return fmt.Errorf("--additional-gids %d: allowed: 0 to %d", group, uint64(bundle.MaxID))
		}
		process.User.AdditionalGids = append(process.User.AdditionalGids, uint32(group))
	}
	return c.addCapabilities(process)
}

// addCapabilities leaves the inheritable and ambient sets alone: what the program executes
// later gets none of it (capabilities(7)).
func (c *processChanges) addCapabilities(process *specs.Process) error {
	if len(c.capabilities) == 0 {
		return nil
	}
	if process.Capabilities == nil {
		process.Capabilities = &specs.LinuxCapabilities{}
	}
	names, err := capabilityNames(c.capabilities)
	if err != nil {
		return err
	}
	for _, name := range names {
		for _, set := range []*[]string{&process.Capabilities.Bounding, &process.Capabilities.Permitted, &process.Capabilities.Effective} {
			if !slices.Contains(*set, name) {
				*set = append(*set, name)
			}
		}
	}
	return nil
}

// capabilityNames accepts names as people write them, with or without CAP_. A name that may
// be one of a newer kernel is left for the warnings, like in config.json.
func capabilityNames(given []string) ([]string, error) {
	names := make([]string, 0, len(given))
	for _, one := range given {
		bare := strings.TrimPrefix(strings.ToUpper(one), "CAP_")
		if bare == "" || strings.Trim(bare, capabilityLetters) != "" {
			return nil, fmt.Errorf("--cap %q: allowed: a name of capabilities(7), such as CAP_NET_RAW", one)
		}
		names = append(names, "CAP_"+bare)
	}
	return names, nil
}

// capabilityLetters are the characters in names of capabilities.
const capabilityLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

// userIDs is a flag UID[:GID].
type userIDs struct{ uid, gid *uint32 }

func (u *userIDs) String() string { return "" }
func (u *userIDs) Type() string   { return "user" }

func (u *userIDs) Set(text string) error {
	user, group, hasGroup := strings.Cut(text, ":")
	uid, err := parseID(user)
	if err != nil {
		return err
	}
	parsed := userIDs{uid: &uid}
	if hasGroup {
		gid, err := parseID(group)
		if err != nil {
			return err
		}
		parsed.gid = &gid
	}
	*u = parsed
	return nil
}

func (u *userIDs) apply(to *specs.User) {
	if u.uid != nil {
		to.UID = *u.uid
	}
	if u.gid != nil {
		to.GID = *u.gid
	}
}

// parseID parses a complete ID. To the kernel, the highest number means "no change".
func parseID(text string) (uint32, error) {
	id, err := strconv.ParseUint(text, 10, 32)
	if err != nil || id > bundle.MaxID || text[0] == '+' {
		return 0, fmt.Errorf("allowed: UID or UID:GID, both from 0 to %d", uint64(bundle.MaxID))
	}
	return uint32(id), nil
}
