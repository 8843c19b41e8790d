package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// logLevels starts with the most verbose.
var logLevels = [...]string{"debug", "info", "warning", "error"}

// logger writes the file that callers read if we fail.
type logger struct {
	path, format, level string
	container           string // the container that the command is about, "" for none
	file                *os.File
}

// logLine is a line in a JSON log. Engines take the last one of level error for the cause.
type logLine struct {
	Level   string     `json:"level"`
	Message string     `json:"msg"`
	Time    time.Time  `json:"time"`
	Fault   *faultJSON `json:"fault,omitempty"`
}

func (l *logger) open() (err error) {
	if l.path == "" || l.file != nil {
		return nil
	}
	l.file, err = os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644) //nolint:gosec // engines of other users read it
	if err != nil {
		return fmt.Errorf("--log: %w", err)
	}
	return nil
}

func (l *logger) at(level string) bool {
	return slices.Index(logLevels[:], level) >= slices.Index(logLevels[:], l.level)
}

// write writes a line if there is a log and its level includes the line. An error in
// writing the log could only be reported to the log, so it is ignored.
func (l *logger) write(level, message string, failure error) {
	if l.file == nil || !l.at(level) {
		return
	}
	line := logLine{Level: level, Message: message, Time: time.Now().UTC(), Fault: faultFields(failure, l.container)}
	text := fmt.Sprintf("time=%s level=%s msg=%s\n", line.Time.Format(time.RFC3339Nano), level, strconv.Quote(message))
	if l.format == "json" {
		content, err := json.Marshal(line)
		if err != nil {
			return
		}
		text = string(content) + "\n"
	}
	_, _ = l.file.WriteString(text)
}

// fail reports why the command failed: as one line for people and, with all details, in the
// log.
func (g *global) fail(err error) {
	message := oneLine(err.Error())
	fmt.Fprintf(os.Stderr, "fsrun: %s\n", message)
	if g.log.open() != nil {
		return // already reported, or less than what has been
	}
	g.log.write("error", message, err)
}

// warn reports something that is no failure: in the log, or without one on standard error.
func (g *global) warn(text string) {
	text = oneLine(text)
	if g.log.file == nil && g.log.at("warning") {
		fmt.Fprintf(os.Stderr, "fsrun: warning: %s\n", text)
	}
	g.log.write("warning", text, nil)
}

// oneLine joins the lines of a message, such as those of several errors, and escapes what a
// bundle may have put into it to trick a terminal.
func oneLine(text string) string {
	text = strings.ReplaceAll(strings.TrimSpace(text), "\n", "; ")
	if strings.IndexFunc(text, unprintable) < 0 {
		return text
	}
	var shown strings.Builder
	for _, r := range text {
		if unprintable(r) {
			quoted := strconv.QuoteRuneToASCII(r)
			shown.WriteString(quoted[1 : len(quoted)-1])
		} else {
			shown.WriteRune(r)
		}
	}
	return shown.String()
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }
