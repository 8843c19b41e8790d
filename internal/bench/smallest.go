package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// guestTime is how long the search may take: processors that QEMU plays are slow.
const guestTime = "6h"

// smallest is what the search for the smallest limits has found.
type smallest struct {
	Date    time.Time `json:",omitzero"`
	Command string    `json:",omitempty"`
	Kernel  string    `json:",omitempty"`
	// HugePages is whether the kernel gives transparent huge pages.
	HugePages string   `json:",omitempty"`
	Versions  []string `json:",omitempty"`
	Found     []found  `json:",omitempty"`
	// Seconds is the time after which the search was ended before it had found all; 0
	// if it was not.
	Seconds int `json:",omitempty"`
	// Threshold is where fsrun chooses between two ways; nil where it was not measured.
	Threshold *threshold `json:",omitempty"`
}

// found are the smallest limits for one thing to do.
type found struct {
	Runtime, Verb, Kind string
	// Starts is how many in a row succeeded with both limits.
	Starts int
	// Pids and Memory, in bytes, are 0 where none that was tried is enough.
	Pids, Memory int64
	// Created is what the cgroup was charged for when the container had been created,
	// its limits were in force and its program had not been started; nil where that
	// was not asked for.
	Created *charge `json:",omitempty"`
}

// charge is memory.current and memory.peak, in bytes.
type charge struct{ Current, Peak int64 }

// foundMark begins the lines by which the guest tells what it has found, among
// those for people.
const foundMark = "found: "

// findSmallest boots the guest, has this program search there, and publishes what
// it finds. What was found before a failure is shown all the same.
func (b *bench) findSmallest(to io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	fsrun, err := b.ourselves()
	if err != nil {
		return err
	}
	words := []string{"run", "github.com/fsrun/fsrun/internal/vm", "-timeout", guestTime, "-unit-timeout", guestTime,
		"-file", self + ":" + guestPlace + "bench", "-file", fsrun + ":" + guestPlace + ours}
	peers := b.options.peers
	if len(peers) == 0 {
		peers = append([]string{bare}, runtimes...)
	}
	playing := []string{ours}
	for _, name := range peers {
		if name != bare {
			program, err := exec.LookPath(name)
			if errors.Is(err, exec.ErrNotFound) && len(b.options.peers) == 0 {
				continue
			}
			if err != nil {
				return fmt.Errorf("peer %s: %w", name, err)
			}
			words = append(words, "-file", program+":"+guestPlace+name)
		}
		playing = append(playing, name)
	}
	words = append(words, "--", guestPlace+"bench", "-inside", "-smallest", strconv.Itoa(b.options.smallest),
		"-peerstarts", strconv.Itoa(b.options.peerStarts), "-peers", strings.Join(playing, ","), "-seconds", strconv.Itoa(b.options.seconds))
	guest := exec.Command("go", words...)
	guest.Stderr = os.Stderr
	output, err := guest.StdoutPipe()
	if err != nil {
		return err
	}
	if err := guest.Start(); err != nil {
		return err
	}
	s := &smallest{Date: time.Now().UTC().Truncate(time.Second), Command: commandLine()}
	readError := s.read(output)
	if err := errors.Join(readError, guest.Wait()); err != nil {
		return errors.Join(err, s.table(to))
	}
	return s.publish(b.options, to)
}

// read takes what the guest tells and passes the rest on to people.
func (s *smallest) read(output io.Reader) error {
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		told, is := strings.CutPrefix(lines.Text(), foundMark)
		if !is {
			fmt.Fprintln(os.Stderr, lines.Text())
			continue
		}
		// Each line has some of the fields; what was found before stays.
		before := s.Found
		s.Found = nil
		if err := json.Unmarshal([]byte(told), s); err != nil {
			return fmt.Errorf("the guest says %q: %w", told, err)
		}
		s.Found = append(before, s.Found...)
	}
	return lines.Err()
}

// publish writes what was found in all the forms that were asked for.
func (s *smallest) publish(o options, to io.Writer) error {
	if err := s.table(to); err != nil {
		return err
	}
	if o.json != "" {
		content, err := json.MarshalIndent(s, "", "\t")
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.json, append(content, '\n'), 0o644); err != nil {
			return err
		}
	}
	if o.document == "" {
		return nil
	}
	return renew(o.document, s.markdown())
}
