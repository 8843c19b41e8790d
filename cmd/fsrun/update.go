package main

import (
	"errors"
	"os"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/bundle"
)

func updateCommand(g *global) *cli.Command {
	u := &updating{}
	return &cli.Command{
		Name: "update", Arguments: "CONTAINER", Least: 1, Most: 1,
		Short: "change the limits of a container while it runs",
		Long: `Limits that are not given stay as they are. Either all changes are made or none:
if the kernel refuses one, fsrun names it and undoes the others. A flag
overrides the file. Device rules in the file replace all rules that the
container had.`,
		Examples: []cli.Example{
			{Line: "fsrun update web --memory 64M --pids-limit 20", Meaning: "change two limits"},
			{Line: `echo '{"cpu": {"quota": 50000}}' | fsrun update -r - web`, Meaning: "read them as JSON, like linux.resources in config.json"},
		},
		Flags: u.flags, Aliases: map[string]string{"pids-max": "pids-limit", "memory-max": "memory"}, // as in wrap
		Run: func(operands []string) (int, error) {
			change, err := u.resources(g.warn)
			if err != nil {
				return 0, err
			}
			return 0, parent.Update(g.root, operands[0], change)
		},
	}
}

// updating holds the flags of update.
type updating struct {
	file                      string
	memory, reservation, swap *int64
	period, shares, burst     uint64
	quota, idle, pids         int64
	cpus, mems                string
	weight                    uint16
	given                     func(flag string) bool
}

func (u *updating) flags(flags *pflag.FlagSet) {
	flags.StringVarP(&u.file, "resources", "r", "", "read the limits from `FILE` as JSON; - is standard input")
	flags.Var(cli.SizeLimit(&u.memory), "memory", "limit its memory to `SIZE`, such as 64M; -1 for no limit")
	flags.Var(cli.SizeLimit(&u.reservation), "memory-reservation", "keep `SIZE` of memory for it when memory is scarce")
	flags.Var(cli.SizeLimit(&u.swap), "memory-swap", "limit memory and swap together to `SIZE`; -1 for no limit; wrap's --memory-swap-max counts swap alone")
	flags.Uint64Var(&u.period, "cpu-period", 0, "renew --cpu-quota every `MICROSECONDS`")
	flags.Int64Var(&u.quota, "cpu-quota", 0, "limit it to `MICROSECONDS` of processor time per period; -1 for no limit")
	flags.Uint64Var(&u.shares, "cpu-share", 0, "give it `SHARES` of busy processors, from 2 to 262144")
	flags.Uint64Var(&u.burst, "cpu-burst", 0, "let it save up `MICROSECONDS` of unused quota for a burst")
	flags.Int64Var(&u.idle, "cpu-idle", 0, "run only when nothing else wants to, if `VALUE` is 1; normally, if 0")
	flags.StringVar(&u.cpus, "cpuset-cpus", "", "run it on the processors in `LIST`, such as 0-2,4")
	flags.StringVar(&u.mems, "cpuset-mems", "", "take its memory from the nodes in `LIST`")
	flags.Int64Var(&u.pids, "pids-limit", 0, "limit it to `COUNT` processes and threads; -1 for no limit")
	flags.Uint16Var(&u.weight, "blkio-weight", 0, "give it `WEIGHT` when disks are busy, from 10 to 1000")
	u.given = flags.Changed
}

// resources returns the file's resources, modified by the flags.
func (u *updating) resources(warn func(string)) (*specs.LinuxResources, error) {
	r := &specs.LinuxResources{}
	if u.file != "" {
		var err error
		if r, err = readResources(u.file, warn); err != nil {
			return nil, err
		}
	}
	changed := false
	for _, flag := range []struct {
		name string
		set  func()
	}{
		{"memory", func() { memoryOf(r).Limit = u.memory }},
		{"memory-reservation", func() { memoryOf(r).Reservation = u.reservation }},
		{"memory-swap", func() { memoryOf(r).Swap = u.swap }},
		{"cpu-period", func() { cpuOf(r).Period = &u.period }},
		{"cpu-quota", func() { cpuOf(r).Quota = &u.quota }},
		{"cpu-share", func() { cpuOf(r).Shares = &u.shares }},
		{"cpu-burst", func() { cpuOf(r).Burst = &u.burst }},
		{"cpu-idle", func() { cpuOf(r).Idle = &u.idle }},
		{"cpuset-cpus", func() { cpuOf(r).Cpus = u.cpus }},
		{"cpuset-mems", func() { cpuOf(r).Mems = u.mems }},
		{"pids-limit", func() { r.Pids = &specs.LinuxPids{Limit: &u.pids} }},
		{"blkio-weight", func() { blockIOOf(r).Weight = &u.weight }},
	} {
		if u.given(flag.name) {
			flag.set()
			changed = true
		}
	}
	if u.file == "" && !changed {
		return nil, errors.New("update: nothing to change; give --resources, or the flag of a limit")
	}
	return r, nil
}

func readResources(name string, warn func(string)) (*specs.LinuxResources, error) {
	file := os.Stdin
	if name == "-" {
		name = "standard input"
	} else {
		var err error
		if file, err = os.Open(name); err != nil {
			return nil, err
		}
		defer file.Close()
	}
	resources, warnings, err := bundle.ReadResources(file, name)
	for _, warning := range warnings {
		warn(warning)
	}
	return resources, err
}

func memoryOf(r *specs.LinuxResources) *specs.LinuxMemory { return present(&r.Memory) }
func cpuOf(r *specs.LinuxResources) *specs.LinuxCPU       { return present(&r.CPU) }
func blockIOOf(r *specs.LinuxResources) *specs.LinuxBlockIO {
	return present(&r.BlockIO)
}

// present makes an object if it is absent.
func present[T any](object **T) *T {
	if *object == nil {
		*object = new(T)
	}
	return *object
}
