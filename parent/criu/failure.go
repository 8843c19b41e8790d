package criu

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Error is a failure of CRIU.
type Error struct {
	// Verb is what failed: dump or restore.
	Verb string
	// Log is the path of CRIU's log, and Cause is what it says.
	Log, Cause string
	// Err is CRIU's answer.
	Err error
}

func (e *Error) Error() string {
	if e.Cause == "" {
		return fmt.Sprintf("criu %s: %v", e.Verb, e.Err)
	}
	return fmt.Sprintf("criu %s: %s (log: %s)", e.Verb, e.Cause, e.Log)
}

func (e *Error) Unwrap() error { return e.Err }

func failure(verb string, work *os.File, log string, err error) error {
	failed := &Error{Verb: verb, Log: filepath.Join(work.Name(), log), Err: err}
	file, openError := os.Open(failed.Log)
	if openError != nil {
		return failed // CRIU did not get as far as writing a log
	}
	defer file.Close()
	failed.Cause = cause(bufio.NewScanner(file))
	return failed
}

// An error in CRIU's log: the message follows the file and line in CRIU's source.
const beginsError, beginsMessage = "Error (", "): "

// harmless lists the beginnings of error messages after which CRIU continues.
var harmless = []string{"rlimit: ", "exited, status="}

// maxCause bounds how many bytes of the log are shown.
const maxCause = 500

// cause returns the first error in a log that CRIU does not continue after: later ones are
// its consequences.
func cause(log *bufio.Scanner) string {
	for log.Scan() {
		_, rest, isError := strings.Cut(log.Text(), beginsError)
		_, message, _ := strings.Cut(rest, beginsMessage)
		if isError && !slices.ContainsFunc(harmless, func(begin string) bool { return strings.HasPrefix(message, begin) }) {
			return message[:min(len(message), maxCause)]
		}
	}
	return ""
}
