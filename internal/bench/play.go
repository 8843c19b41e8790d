package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// player is a contestant playing a workload.
type player struct {
	*contestant
	stage  *stage
	bundle string
	count  int // how many containers it has made
}

func (p *player) id() string {
	p.count++
	return fmt.Sprintf("bench-%s-%d-%d", p.name, os.Getpid(), p.count)
}

// playRun runs a container to its end.
func playRun(p *player) (map[string]sample, error) {
	one, err := p.stage.do(p.run(p.bundle, p.id()))
	return map[string]sample{"": one}, err
}

// playParallel runs containers at once and measures until the last has ended.
func playParallel(count int) func(*player) (map[string]sample, error) {
	return func(p *player) (map[string]sample, error) {
		var all []*started
		var failure error
		for range count {
			command, err := p.stage.start(p.run(p.bundle, p.id()))
			if err != nil {
				failure = err
				break
			}
			all = append(all, command)
		}
		var total sample
		for _, command := range all {
			one, err := p.stage.wait(command)
			if err != nil {
				failure = err
			}
			total.cpu += one.cpu
			total.wall = time.Since(all[0].begun)
		}
		return map[string]sample{"": total}, failure
	}
}

// playRow runs containers one after another.
func playRow(count int) func(*player) (map[string]sample, error) {
	return func(p *player) (map[string]sample, error) {
		var total sample
		for range count {
			one, err := p.stage.do(p.run(p.bundle, p.id()))
			if err != nil {
				return nil, err
			}
			total = total.plus(one)
		}
		return map[string]sample{"": total}, nil
	}
}

// playLife takes a container through its life, with a command for each step and the flags
// that engines use.
func playLife(p *player) (map[string]sample, error) {
	id := p.id()
	pidFile := p.root + ".pid"
	engine := func(arguments ...string) []string {
		return p.command(append([]string{"--log", p.root + ".log", "--log-format", "json"}, arguments...)...)
	}
	samples := map[string]sample{}
	var init initProcess
	for _, step := range []struct {
		name  string
		words []string
	}{
		{"create", engine("create", "--bundle", p.bundle, "--pid-file", pidFile, id)},
		{"start", engine("start", id)},
		{"state", engine("state", id)},
		{"exec", engine("exec", id, exitProgram)},
		{"kill", engine("kill", id, "KILL")},
		{"delete", engine("delete", id)},
	} {
		one, err := p.stage.do(step.words)
		if err == nil {
			err = init.account(step.name, pidFile, &one)
		}
		if err != nil {
			_, _ = p.stage.do(p.command("delete", "--force", id))
			init.end()
			return nil, err
		}
		samples[step.name] = one
	}
	samples["create+start+delete"] = samples["create"].plus(samples["start"]).plus(samples["delete"])
	return samples, nil
}

// initProcess is a container's init between commands. Its CPU time is not included in that
// of any command.
type initProcess struct {
	pid int
	cpu time.Duration
}

// account adds to a step what the init has used in it. After kill it waits for the init to
// end.
func (i *initProcess) account(step, pidFile string, to *sample) error {
	switch step {
	case "create":
		content, err := os.ReadFile(pidFile)
		if err != nil {
			return err
		}
		if i.pid, err = strconv.Atoi(strings.TrimSpace(string(content))); err != nil {
			return err
		}
	case "start":
		if err := i.becomes(pauseProgram[1:]); err != nil {
			return err
		}
	case "kill":
		return i.adopt()
	default:
		return nil
	}
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", i.pid))
	if err != nil {
		return err
	}
	used, _, _ := strings.Cut(string(content), " ")
	nanoseconds, err := strconv.ParseInt(used, 10, 64)
	if err != nil {
		return err
	}
	to.cpu += time.Duration(nanoseconds) - i.cpu
	i.cpu = time.Duration(nanoseconds)
	return nil
}

// adopt waits for the init to end and reaps it: it became ours when the command that made
// it ended. It must not wait for other processes, because a busy neighbour never ends.
func (i *initProcess) adopt() error {
	for {
		_, err := unix.Wait4(i.pid, nil, 0, nil)
		if !errors.Is(err, unix.EINTR) {
			i.pid = 0
			return os.NewSyscallError("wait4", err)
		}
	}
}

// end kills the init if it has not been reaped, after a failure.
func (i *initProcess) end() {
	if i.pid > 0 {
		_ = unix.Kill(i.pid, unix.SIGKILL)
		_ = i.adopt()
	}
}

// becomes waits until the init has executed the program, which start does not wait for in
// every runtime.
func (i *initProcess) becomes(program string) error {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Microsecond) {
		name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", i.pid))
		if err != nil {
			return err
		}
		if strings.TrimSpace(string(name)) == program {
			return nil
		}
	}
	return errors.New("the program was not executed within 10 s of start")
}
