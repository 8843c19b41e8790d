package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/internal/wrap"
)

func wrapCommand(g *global) *cli.Command {
	w := &wrapping{}
	return &cli.Command{
		Name: "wrap", Arguments: "PROGRAM [ARGUMENT...]",
		Least: 1, Most: cli.Unlimited, TakesProgram: true,
		Short: "run a program of this machine in a container, without image or bundle",
		Long: `The program sees this machine's files read-only, has /tmp, /run and /dev of its
own, no network but loopback, no capabilities, and a seccomp profile. It is
looked up in $PATH and runs in the current directory with the caller's
environment, as the caller. The exit status is the program's, or 128 plus the
number of the signal that killed it; 124 means that --time ran out, and 1 that
fsrun failed. TERM, INT, HUP and QUIT sent to fsrun, and its terminal's keys for
INT and QUIT, end the program as usual, although it is process 1, for which the
kernel drops signals without a handler.`,
		Examples: []cli.Example{
			{Line: "fsrun wrap -- /bin/echo hello", Meaning: "print hello from inside a container"},
			{Line: "fsrun wrap --stats --memory-max 64M --pids-max 10 -- make", Meaning: "run make under limits, and print what it used"},
			{Line: "fsrun wrap --net host --rw . -- git pull", Meaning: "let it use the network and write to the current directory"},
		},
		Flags: w.flags, Aliases: map[string]string{"pids-limit": "pids-max", "memory": "memory-max"}, // as in update
		Run: func(operands []string) (int, error) { return w.run(g, operands) },
	}
}

// wrapping holds the flags of wrap.
type wrapping struct {
	id, directory, hostname string
	writable, environment   []string
	user, network, seccomp  string
	capabilities            []string
	terminal                string
	pids                    int64
	memory, swap            *int64
	cpus                    float64
	time                    time.Duration
	stats                   bool
	statsFile               string
	handshake               handshakeFlags
	given                   func(flag string) bool
}

func (w *wrapping) flags(flags *pflag.FlagSet) {
	flags.Int64Var(&w.pids, "pids-max", 0, "limit it to `COUNT` processes and threads")
	flags.Var(cli.Size(&w.memory), "memory-max", "limit its memory to `SIZE`, such as 64M or 1G")
	flags.Var(cli.Size(&w.swap), "memory-swap-max", "limit its swap alone to `SIZE`; update's --memory-swap counts memory and swap together")
	flags.Float64Var(&w.cpus, "cpus", 0, "limit it to the time of `COUNT` processors, such as 0.5")
	flags.DurationVar(&w.time, "time", 0, "kill it after `DURATION`, such as 1.5s or 2m, and exit with status 124")
	flags.StringArrayVar(&w.writable, "rw", nil, "let it write to `PATH` on this machine; may be repeated")
	flags.Var(cli.Choice(&w.network, "none", "none", "host"), "net", "connect it to `NETWORK`: none or host")
	flags.Var(cli.Choice(&w.seccomp, "default", "default", "unconfined"), "seccomp", "load the seccomp `PROFILE`: default, or unconfined for none")
	flags.StringArrayVarP(&w.capabilities, "cap", "c", nil, "grant it `CAPABILITY`; may be repeated")
	flags.StringVarP(&w.user, "user", "u", "", "run it as `USER[:GROUP]`, by name or number")
	flags.StringVarP(&w.directory, "workdir", "w", "", "run it in `DIRECTORY` (default: the current one)")
	flags.StringArrayVarP(&w.environment, "env", "e", nil, "set `KEY=VALUE` in its environment; may be repeated")
	flags.StringVar(&w.hostname, "hostname", "fsrun", "set its host name to `NAME`")
	flags.VarP(cli.Choice(&w.terminal, "auto", "auto", "true", "false"), "tty", "t", "give it a terminal of its own; `WHEN` is auto, true or false; auto does if standard input and output are terminals")
	flags.Lookup("tty").NoOptDefVal = "true"
	flags.BoolVar(&w.stats, "stats", false, "print on standard error what it used")
	flags.StringVar(&w.statsFile, "stats-json", "", "write what it used to `FILE` as JSON; - is standard output")
	flags.StringVar(&w.id, "id", "", "call the container `ID` (default: wrap-PID-NUMBER)")
	w.handshake.register(flags)
	w.given = flags.Changed
}

// options converts the flags to options for the container.
func (w *wrapping) options(command []string) (*wrap.Options, error) {
	o := &wrap.Options{
		Arguments: command[1:], Hostname: w.hostname,
		HostNetwork: w.network == "host", Unconfined: w.seccomp == "unconfined",
		Terminal:    w.terminal == "true" || w.terminal == "auto" && isTerminal(0) && isTerminal(1),
		Environment: append(os.Environ(), w.environment...),
		Rootless:    os.Geteuid() != 0,
		Limits:      wrap.Limits{Memory: w.memory, MemorySwap: w.swap},
	}
	if w.given("pids-max") {
		o.Pids = &w.pids
	}
	if w.given("cpus") {
		o.CPUs = &w.cpus
	}
	if w.given("time") && w.time <= 0 {
		return nil, fmt.Errorf("--time %s: allowed: a duration above 0s", w.time)
	}
	var err error
	if o.Capabilities, err = capabilityNames(w.capabilities); err != nil {
		return nil, err
	}
	if o.Rootless && w.user != "" {
		return nil, fmt.Errorf("--user %q: a user without privileges has no other ids; leave it out, or run fsrun as root", w.user)
	}
	if o.User, err = w.lookupUser(); err != nil {
		return nil, err
	}
	return o, w.paths(o, command[0])
}

// paths makes every path absolute: the program is looked up relative to the caller's
// directory.
func (w *wrapping) paths(o *wrap.Options, program string) (err error) {
	if o.Program, err = exec.LookPath(program); err != nil {
		return err
	}
	if o.Program, err = filepath.Abs(o.Program); err != nil {
		return err
	}
	if o.Directory, err = filepath.Abs(w.directory); err != nil {
		return err
	}
	for _, path := range w.writable {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		o.Writable = append(o.Writable, absolute)
	}
	return nil
}

// identity returns a container ID that is unique even after a crash.
func (w *wrapping) identity() string {
	if w.id != "" {
		return w.id
	}
	return fmt.Sprintf("wrap-%d-%08x", os.Getpid(), rand.Uint32())
}

// inFlags makes an error name the flag that was typed, instead of the place in a
// configuration that the user never sees.
func inFlags(err error, configuration string) error {
	text := strings.TrimPrefix(err.Error(), configuration+": ")
	for _, known := range wrap.Flags {
		text = strings.ReplaceAll(text, known.Path, known.Flag)
	}
	return &renamed{text, err}
}

// renamed is an error with a different text.
type renamed struct {
	text string
	err  error
}

func (r *renamed) Error() string { return r.text }
func (r *renamed) Unwrap() error { return r.err }
