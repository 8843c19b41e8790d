package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// smallest is the result of a search for the smallest limits.
type smallest struct {
	Date    time.Time `json:",omitzero"`
	Command string    `json:",omitempty"`
	Kernel  string    `json:",omitempty"`
	// HugePages says whether the kernel uses transparent huge pages.
	HugePages string   `json:",omitempty"`
	Versions  []string `json:",omitempty"`
	Found     []found  `json:",omitempty"`
	// Seconds is when a guest ended its search early; 0 if none did.
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

// read parses what a guest reports and passes other lines on to people.
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

// add takes over what another guest has found. All guests are alike.
func (s *smallest) add(other *smallest) {
	s.Kernel = cmp.Or(s.Kernel, other.Kernel)
	s.HugePages = cmp.Or(s.HugePages, other.HugePages)
	s.Threshold = cmp.Or(s.Threshold, other.Threshold)
	s.Seconds = cmp.Or(s.Seconds, other.Seconds)
	if s.Versions == nil {
		s.Versions = other.Versions
	}
	s.Found = append(s.Found, other.Found...)
	slices.SortStableFunc(s.Found, func(a, b found) int {
		return cmp.Or(cmp.Compare(indexOfKind(a.Kind), indexOfKind(b.Kind)), cmp.Compare(indexOfVerb(a.Verb), indexOfVerb(b.Verb)))
	})
}

func indexOfKind(name string) int {
	return slices.IndexFunc(smallestKinds, func(k smallestKind) bool { return k.name == name })
}

func indexOfVerb(name string) int {
	return slices.IndexFunc(verbs, func(v verb) bool { return v.name == name })
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
