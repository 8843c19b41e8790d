package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// bench is one run of the benchmark.
type bench struct {
	options     options
	scratch     *scratch
	interrupted <-chan os.Signal
	progress    io.Writer
}

// warmUps is how many rounds are played before those that count.
const warmUps = 3

var errInterrupted = errors.New("interrupted")

// measureAll measures all selected workloads. On an error, it also returns what it has
// measured so far, if anything.
func (b *bench) measureAll() (*result, error) {
	all, err := b.contestants()
	if err != nil {
		return nil, err
	}
	stage, err := newStage(b.scratch)
	if err != nil {
		return nil, err
	}
	plain, err := b.scratch.bundle("plain")
	if err != nil {
		return nil, err
	}
	if err := measurePeaks(all, plain); err != nil {
		return nil, err
	}
	result, err := describeMachine(all)
	if err != nil {
		return nil, err
	}
	if result.Timeline, err = b.timeline(all[0], plain); err != nil {
		return nil, err
	}
	for _, w := range workloads {
		if !b.options.selects(w) {
			continue
		}
		bundle, err := b.scratch.bundle(w.name, w.edits...)
		if err != nil {
			return nil, err
		}
		for _, c := range b.options.conditions() {
			rows, err := b.measure(w, c, all, stage, bundle)
			result.Rows = append(result.Rows, rows...)
			if err != nil {
				return result, fmt.Errorf("%s: %w", w.name, err)
			}
		}
	}
	return result, nil
}

// measure plays a workload's rounds under a condition. If it is interrupted, it returns the
// rows for the rounds so far.
func (b *bench) measure(w workload, c condition, all []*contestant, stage *stage, bundle string) (rows []row, err error) {
	var players []*player
	for _, one := range all {
		if one.name != floor || w.floor {
			players = append(players, &player{contestant: one, stage: stage, bundle: bundle})
		}
	}
	release, err := c.arrange()
	if err != nil {
		return nil, err
	}
	defer release()
	rounds := b.options.rounds(w)
	taken := newTaking(w, c, players)
	begun := time.Now()
	warm := min(warmUps, rounds/2)
	for round := -warm; round < rounds; round++ {
		select {
		case <-b.interrupted:
			return taken.rows(), errInterrupted
		default:
		}
		if limit := b.options.seconds; limit > 0 && time.Since(begun) > time.Duration(limit)*time.Second {
			if round >= min(fewestRounds, rounds) {
				break
			}
			round = max(0, round) // the warm-up may have taken all the time
		}
		for turn := range players {
			player := players[(turn+round+warm)%len(players)]
			samples, err := w.play(player)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", player.name, err)
			}
			if round >= 0 {
				taken.add(player.name, samples)
			}
		}
		fmt.Fprintf(b.progress, "\r\x1b[K%s %d/%d", taken.title, max(round+1, 0), rounds)
	}
	fmt.Fprint(b.progress, "\r\x1b[K")
	return taken.rows(), nil
}
