package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// guestPlace is the programs' directory in the guest.
const guestPlace = "/opt/bench/"

// bare is the contestant that is not a runtime: a shell that enters the cgroup and executes
// the program. It needs little more than execve(2) itself.
const bare = "execve"

// smallestKind is a kind of bundle.
type smallestKind struct {
	name string
	// edits say what the bundle contains besides the limits.
	edits []edit
}

var smallestKinds = []smallestKind{
	{"default", nil},
	{"user namespace", []edit{mapped}},
	{"seccomp", []edit{confined}},
	{"user namespace, seccomp", []edit{mapped, confined}},
}

// searchHere searches for one part on this machine, which is a guest, and reports results
// line by line.
func (b *bench) searchHere(to io.Writer) error {
	s := &smallest{HugePages: hugePages()}
	machine, err := describeMachine(nil)
	if err != nil {
		return err
	}
	s.Kernel = machine.Kernel
	if err := os.WriteFile(cgroupMount+"/cgroup.subtree_control", []byte("+memory +pids"), 0); err != nil {
		return err
	}
	all, versions, err := b.inGuest()
	if err != nil {
		return err
	}
	s.Versions = versions
	if b.options.part == partThreshold {
		if s.Threshold, err = b.measureThreshold(all[0]); err != nil {
			return err
		}
	}
	if err := tell(to, s); err != nil {
		return err
	}
	for _, kind := range smallestKinds {
		if kind.name == b.options.part {
			return b.searchKind(to, kind, all)
		}
	}
	return nil
}

// searchKind searches with one kind of bundle, for fsrun first: if time runs out, peers are missing.
func (b *bench) searchKind(to io.Writer, kind smallestKind, all []*contestant) error {
	begun := time.Now()
	late := func() bool {
		limit := time.Duration(b.options.seconds) * time.Second
		return limit > 0 && time.Since(begun) > limit
	}
	for _, c := range all {
		for _, verb := range verbs {
			if late() {
				return tell(to, &smallest{Seconds: b.options.seconds})
			}
			if c.name == bare && (verb.name != "run" || kind.edits != nil) {
				continue
			}
			one := found{Runtime: c.name, Verb: verb.name, Kind: kind.name, Starts: b.starts(c)}
			if err := b.searchFor(c, verb, kind.edits, &one); err != nil {
				return fmt.Errorf("%s, %s, %s: %w", c.name, verb.name, kind.name, err)
			}
			fmt.Fprintf(to, "%s, %s, %s: %s, after %.0f s\n", c.name, verb.name, kind.name, one.limits(), time.Since(begun).Seconds())
			if err := tell(to, &smallest{Found: []found{one}}); err != nil {
				return err
			}
		}
	}
	return nil
}

// inGuest returns the contestants in the guest, with their versions.
func (b *bench) inGuest() (all []*contestant, versions []string, err error) {
	for _, name := range b.options.peers {
		c := &contestant{name: name, program: guestPlace + name, root: stateMount + "/bench-" + name}
		if name != bare {
			output, err := exec.Command(c.program, "--version").Output()
			if err != nil {
				return nil, nil, fmt.Errorf("%s --version: %w", name, err)
			}
			c.version, _, _ = strings.Cut(string(output), "\n")
			versions = append(versions, c.version)
		}
		if err := os.MkdirAll(c.root, 0o700); err != nil {
			return nil, nil, err
		}
		all = append(all, c)
	}
	return all, versions, nil
}

// starts returns how many starts in a row must succeed.
func (b *bench) starts(c *contestant) int {
	if c.name == ours {
		return b.options.smallest
	}
	return b.options.peerStarts
}

// searchFor searches for the smallest limits for one contestant and verb.
func (b *bench) searchFor(c *contestant, verb verb, edits []edit, f *found) error {
	bundle, err := b.scratch.bundle(strings.Join([]string{f.Runtime, f.Verb, f.Kind}, "-"), edits...)
	if err != nil {
		return err
	}
	return (&trial{contestant: c, verb: verb, bundle: bundle}).search(f)
}

// search finds the smallest number of processes without a memory limit, and then the
// smallest memory limit with that number. All starts must succeed with both; if they do
// not, the number is first confirmed alone.
func (t *trial) search(f *found) error {
	pids, err := smallestOf(pidsSteps, min(tries, f.Starts), func(limit int64, times int) (bool, error) { return t.succeed(limit, 0, times) })
	if err != nil || pids == 0 {
		return err
	}
	confirmed := false
	memory, err := smallestOf(memorySteps, f.Starts, func(limit int64, times int) (bool, error) {
		good, err := t.succeed(pids, limit, times)
		if good || err != nil || times < f.Starts || confirmed {
			return good, err
		}
		first := slices.Index(pidsSteps, pids)
		raised, err := smallestOf(pidsSteps[first:], f.Starts, func(limit int64, times int) (bool, error) { return t.succeed(limit, 0, times) })
		confirmed = true
		if err != nil || raised == pids || raised == 0 {
			return false, err
		}
		pids = raised
		return t.succeed(pids, limit, times)
	})
	f.Pids, f.Memory = pids, memory
	if err != nil || memory == 0 || t.verb.name != "create" {
		return err
	}
	f.Created, err = t.created(pids, memory)
	return err
}

func tell(to io.Writer, s *smallest) error {
	content, err := json.Marshal(s)
	if err == nil {
		_, err = fmt.Fprintf(to, "%s%s\n", foundMark, content)
	}
	return err
}

// hugePages returns which of always, madvise and never is selected.
func hugePages() string {
	content, err := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled")
	if errors.Is(err, os.ErrNotExist) {
		return "not in this kernel"
	}
	_, rest, _ := strings.Cut(string(content), "[")
	chosen, _, _ := strings.Cut(rest, "]")
	return chosen
}
