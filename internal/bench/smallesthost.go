package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// guestTime bounds the search, which is slow because QEMU emulates the processors.
const guestTime = "6h"

// partThreshold is the part of the search that measures the threshold; every other part is
// called as the bundles it searches with.
const partThreshold = "threshold"

// findSmallest searches part by part, each in a guest of its own, and publishes the
// results. Before a failure it prints what was found.
func (b *bench) findSmallest(to io.Writer) error {
	words, err := b.guestWords()
	if err != nil {
		return err
	}
	s := &smallest{Date: time.Now().UTC().Truncate(time.Second), Command: commandLine()}
	// The threshold is a matter of time, so it is measured while no other guest runs.
	failure := s.searchIn(words, partThreshold)
	if failure == nil {
		failure = b.searchKinds(s, words)
	}
	if failure != nil {
		return errors.Join(failure, s.table(to))
	}
	return s.publish(b.options, to)
}

// searchKinds searches with all kinds of bundles, in as many guests at once as were asked for.
func (b *bench) searchKinds(s *smallest, words []string) error {
	parts := make([]smallest, len(smallestKinds))
	failures := make([]error, len(smallestKinds))
	room := make(chan struct{}, b.options.guests)
	var searches sync.WaitGroup
	for i, kind := range smallestKinds {
		room <- struct{}{}
		// What interrupts us ends the guests too, so there is room; but not for another guest.
		if len(b.interrupted) > 0 {
			failures[i] = errInterrupted
			break
		}
		searches.Go(func() {
			failures[i] = parts[i].searchIn(words, kind.name)
			<-room
		})
	}
	searches.Wait()
	for i := range parts {
		s.add(&parts[i])
	}
	return errors.Join(failures...)
}

// searchIn boots a guest, has this program search for one part there, and reads the result.
func (s *smallest) searchIn(words []string, part string) error {
	guest := exec.Command("go", append(words[:len(words):len(words)], "-part", part)...)
	guest.Stderr = os.Stderr
	output, err := guest.StdoutPipe()
	if err != nil {
		return err
	}
	if err := guest.Start(); err != nil {
		return err
	}
	readError := s.read(output)
	if err := errors.Join(readError, guest.Wait()); err != nil {
		return fmt.Errorf("%s: %w", part, err)
	}
	return nil
}

// guestWords returns the arguments of the go command that runs this program in the guest,
// with fsrun and its peers; only the part is missing.
func (b *bench) guestWords() ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	fsrun, err := b.ourselves()
	if err != nil {
		return nil, err
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
				return nil, fmt.Errorf("peer %s: %w", name, err)
			}
			words = append(words, "-file", program+":"+guestPlace+name)
		}
		playing = append(playing, name)
	}
	return append(words, "--", guestPlace+"bench", "-inside", "-smallest", strconv.Itoa(b.options.smallest),
		"-peerstarts", strconv.Itoa(b.options.peerStarts), "-peers", strings.Join(playing, ","), "-seconds", strconv.Itoa(b.options.seconds)), nil
}
