package main

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// The real-time signals that the C library leaves to programs, as kill(1) and systemd name
// them (signal(7)).
const (
	minRealtime unix.Signal = 34
	maxRealtime unix.Signal = 64
)

// otherNames holds alternative names from signal(7).
var otherNames = map[string]unix.Signal{"IOT": unix.SIGABRT, "CLD": unix.SIGCHLD, "POLL": unix.SIGIO}

// realtimeNames are the bases that real-time signals are counted from.
var realtimeNames = []struct {
	name  string
	base  unix.Signal
	sign  string
	steps unix.Signal
}{
	{"RTMIN", minRealtime, "+", 1},
	{"RTMAX", maxRealtime, "-", -1},
}

// parseSignal parses a name or number. 0 is accepted: it only asks whether there is a
// process to signal (kill(2)).
func parseSignal(text string) (unix.Signal, error) {
	if number, err := strconv.ParseUint(text, 10, 8); err == nil && number <= uint64(maxRealtime) {
		return unix.Signal(number), nil
	}
	name := strings.TrimPrefix(strings.ToUpper(text), "SIG")
	if signal, found := otherNames[name]; found {
		return signal, nil
	}
	if signal, found := realtimeSignal(name); found {
		return signal, nil
	}
	if signal := unix.SignalNum("SIG" + name); signal != 0 {
		return signal, nil
	}
	return 0, fmt.Errorf("kill: unknown signal %q; allowed: a name of signal(7) with or without SIG, such as TERM or RTMIN+3, or a number from 0 to %d", text, maxRealtime)
}

// realtimeSignal parses RTMIN, RTMIN+N, RTMAX or RTMAX-N.
func realtimeSignal(name string) (unix.Signal, bool) {
	for _, from := range realtimeNames {
		rest, found := strings.CutPrefix(name, from.name)
		if !found {
			continue
		}
		if rest == "" {
			return from.base, true
		}
		digits, signed := strings.CutPrefix(rest, from.sign)
		number, err := strconv.ParseUint(digits, 10, 8)
		if !signed || err != nil || number > uint64(maxRealtime-minRealtime) {
			return 0, false
		}
		return from.base + from.steps*unix.Signal(number), true
	}
	return 0, false
}
