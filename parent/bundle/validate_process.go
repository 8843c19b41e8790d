package bundle

import (
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/protocol"
)

const (
	// maxAdditionalGIDs is how many fit into the plan; the kernel accepts 65536.
	maxAdditionalGIDs = protocol.MaxGroups
	// maxUmask has all permission bits set.
	maxUmask = 0o777
	// maxConsoleSide is the largest number in a struct winsize (tty_ioctl(2)).
	maxConsoleSide = 1<<16 - 1
	// oomScoreAdjLimit bounds oom_score_adj in both directions (proc(5)).
	oomScoreAdjLimit = 1000
)

// processRules applies to the process of a configuration and to that of exec.
var processRules = [...]rule[*specs.Process]{
	{"consoleSize", checkConsoleSize},
	{"user", checkUser},
	{"args", checkArgs},
	{"env", func(path string, p *specs.Process) error { return checkEnvironment(path, p.Env) }},
	{"cwd", func(path string, p *specs.Process) error { return checkAbsolutePath(path, p.Cwd) }},
	{"rlimits", checkRlimits},
	{"oomScoreAdj", checkOOMScoreAdj},
	{"scheduler", checkScheduler},
	{"ioPriority", checkIOPriority},
	{"execCPUAffinity", checkCPUAffinity},
	{"apparmorProfile", func(path string, p *specs.Process) error { return checkLabel(path, p.ApparmorProfile) }},
	{"selinuxLabel", func(path string, p *specs.Process) error { return checkLabel(path, p.SelinuxLabel) }},
}

func checkConsoleSize(path string, process *specs.Process) error {
	// The specification says to ignore the size if there is no terminal.
	if process.ConsoleSize == nil || !process.Terminal {
		return nil
	}
	for _, side := range []struct {
		name  string
		value uint
	}{{"height", process.ConsoleSize.Height}, {"width", process.ConsoleSize.Width}} {
		if side.value > maxConsoleSide {
			return refuse(path+"."+side.name, strconv.FormatUint(uint64(side.value), 10), "0.."+strconv.Itoa(maxConsoleSide))
		}
	}
	return nil
}

func checkUser(path string, process *specs.Process) error {
	user := &process.User
	if err := checkID(path+".uid", user.UID); err != nil {
		return err
	}
	if err := checkID(path+".gid", user.GID); err != nil {
		return err
	}
	if user.Umask != nil && *user.Umask > maxUmask {
		return refuse(path+".umask", decimal(*user.Umask), "0.."+strconv.Itoa(maxUmask)+" (0777 in octal)")
	}
	if len(user.AdditionalGids) > maxAdditionalGIDs {
		return refuse(path+".additionalGids", strconv.Itoa(len(user.AdditionalGids))+" groups", "at most "+strconv.Itoa(maxAdditionalGIDs))
	}
	for i, gid := range user.AdditionalGids {
		if err := checkID(index(path+".additionalGids", i), gid); err != nil {
			return err
		}
	}
	return nil
}

// checkID refuses the ID that setresuid(2) would take for "no change", which would leave
// the runtime's own ID.
func checkID(path string, id uint32) error {
	if id > MaxID {
		return refuse(path, decimal(id)+" means \"no change\" to the kernel", "0.."+strconv.Itoa(MaxID))
	}
	return nil
}

func checkArgs(path string, process *specs.Process) error {
	if len(process.Args) == 0 {
		return refuse(path, "is empty", "at least the program's name")
	}
	if process.Args[0] == "" {
		// Engines recognize a missing program by these words.
		return refuse(index(path, 0), `"": executable file not found`, "a program's name or path")
	}
	return nil
}

// checkEnvironment requires KEY=VALUE with a non-empty key, as other runtimes do. Keys may
// repeat; the last one counts. An error never shows the value, which may be a secret.
func checkEnvironment(path string, environment []string) error {
	for i, entry := range environment {
		switch strings.IndexByte(entry, '=') {
		case -1:
			return refuse(index(path, i), "has no equals sign", "KEY=VALUE")
		case 0:
			return refuse(index(path, i), "has nothing before its equals sign", "KEY=VALUE")
		}
	}
	return nil
}

func checkRlimits(path string, process *specs.Process) error {
	for i, limit := range process.Rlimits {
		at := index(path, i)
		if _, known := Rlimit(limit.Type); !known {
			return refuse(at+".type", quote(limit.Type)+" is not a known resource", "a name of getrlimit(2), such as RLIMIT_NOFILE")
		}
		for earlier := range i {
			if process.Rlimits[earlier].Type == limit.Type {
				return refuse(at+".type", quote(limit.Type)+" is limited by "+index(path, earlier)+" already", "one entry for each resource")
			}
		}
		if limit.Soft > limit.Hard {
			return refuse(at+".soft", strconv.FormatUint(limit.Soft, 10), "at most the hard limit, "+strconv.FormatUint(limit.Hard, 10))
		}
	}
	return nil
}

func checkOOMScoreAdj(path string, process *specs.Process) error {
	if score := process.OOMScoreAdj; score != nil && (*score < -oomScoreAdjLimit || *score > oomScoreAdjLimit) {
		return refuse(path, strconv.Itoa(*score), strconv.Itoa(-oomScoreAdjLimit)+".."+strconv.Itoa(oomScoreAdjLimit))
	}
	return nil
}
