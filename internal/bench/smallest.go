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

// guestTime bounds the search, which is slow because QEMU emulates the processors.
const guestTime = "6h"

// smallest is the result of a search for the smallest limits.
type smallest struct {
	Date    time.Time `json:",omitzero"`
	Command string    `json:",omitempty"`
	Kernel  string    `json:",omitempty"`
	// HugePages says whether the kernel uses transparent huge pages.
	HugePages string   `json:",omitempty"`
	Versions  []string `json:",omitempty"`
	Found     []found  `json:",omitempty"`
	// Seconds is when the search was ended early; 0 if it was not.
	Seconds int `json:",omitempty"`
	// Threshold compares both sides of the limit at which fsrun changes the way it starts;
	// nil if not measured.
	Threshold *threshold `json:",omitempty"`
}

// found holds the smallest limits for one thing to do.
type found struct {
	Runtime, Verb, Kind string
	// Starts is how many starts in a row succeeded with both limits.
	Starts int
	// Pids and Memory, in bytes, are 0 if no limit that was tried is enough.
	Pids, Memory int64
	// Created is what the cgroup was charged for after create and before start, with its
	// limits in force; nil if not measured.
	Created *charge `json:",omitempty"`
}

// charge is memory.current and memory.peak, in bytes.
type charge struct{ Current, Peak int64 }

// foundMark begins the lines in which the guest reports results; others are for people.
const foundMark = "found: "

// findSmallest boots the guest, has this program search there, and publishes the results,
// including those before a failure.
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

// read parses the guest's results and passes other lines on to people.
func (s *smallest) read(output io.Reader) error {
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		told, is := strings.CutPrefix(lines.Text(), foundMark)
		if !is {
			fmt.Fprintln(os.Stderr, lines.Text())
			continue
		}
		// Each line has some of the fields; keep what was found before.
		before := s.Found
		s.Found = nil
		if err := json.Unmarshal([]byte(told), s); err != nil {
			return fmt.Errorf("the guest says %q: %w", told, err)
		}
		s.Found = append(before, s.Found...)
	}
	return lines.Err()
}

// publish writes the result in every format that was asked for.
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
