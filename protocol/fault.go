package protocol

import (
	"cmp"
	"fmt"
	"strings"
	"syscall"
)

// Code says what went wrong, out of a closed set. The numbers are those on the wire.
type Code uint16

// The fault codes (SPEC.md, "Faults").
const (
	CodeMalformed Code = 1 + iota
	CodeUnexpected
	CodeVersion
	CodeTimeout
	CodeGone
	CodeSpawn
	CodeMaps
	CodeOperation
	CodeOpen
	CodeConsole
	CodeHook
	CodeCommit
	CodeCredentials
	CodeSeccomp
	CodeExec
	CodeState
	CodeAborted
	CodeChannel
)

type codeRow struct{ name, meaning string }

var codes = [...]codeRow{
	CodeMalformed:   {"malformed", "a frame was received that no decoder may accept"},
	CodeUnexpected:  {"unexpected", "a well-formed frame of a kind that is not acceptable in the receiver's state"},
	CodeVersion:     {"version", "no version, or a required feature, in common"},
	CodeTimeout:     {"timeout", "the deadline of a waiting state passed"},
	CodeGone:        {"gone", "the peer closed its end, or died, without a Fault; never sent, only reported"},
	CodeSpawn:       {"spawn", "the child could not be created"},
	CodeMaps:        {"maps", "uid or gid maps could not be written"},
	CodeOperation:   {"operation", "an operation of the plan failed"},
	CodeOpen:        {"open", "the parent could not, or would not, open what an operation needs"},
	CodeConsole:     {"console", "the console could not be delivered"},
	CodeHook:        {"hook", "a hook failed or outlived its timeout"},
	CodeCommit:      {"commit", "limits or the device program could not be put in force"},
	CodeCredentials: {"credentials", "ids, capabilities or no_new_privs could not be set"},
	CodeSeccomp:     {"seccomp", "the seccomp filter could not be loaded"},
	CodeExec:        {"exec", "the user-specified program could not be executed"},
	CodeState:       {"state", "the state directory could not be read or written"},
	CodeAborted:     {"aborted", "the caller gave up"},
	CodeChannel:     {"channel", "a frame could not be sent or received for a reason that is not the peer's"},
}

// Codes lists every fault code.
func Codes() []Code {
	all := make([]Code, 0, len(codes)-1)
	for code := 1; code < len(codes); code++ {
		all = append(all, Code(code))
	}
	return all
}

// String is the code's name in SPEC.md.
func (c Code) String() string {
	if c == 0 || int(c) >= len(codes) {
		return fmt.Sprintf("code %d", uint16(c))
	}
	return codes[c].name
}

// Meaning is the code's description in SPEC.md.
func (c Code) Meaning() string {
	if c == 0 || int(c) >= len(codes) {
		return ""
	}
	return codes[c].meaning
}

// Fault says why its sender failed. It is both a frame and the error that both runners
// return, so that what one side knows reaches the caller complete.
type Fault struct {
	Code    Code
	Machine string        // parent or child
	State   string        // the machine's state
	Awaited string        // what it was waiting for; "" if for nothing
	Op      string        // the operation, such as "mount[3] tmpfs on /dev/shm"
	Path    string        // the JSON path in config.json, such as "mounts[3]"
	Call    string        // the system call
	Errno   syscall.Errno // 0: none
	Object  string        // what the call was about, such as a path
	Detail  string        // the full text, where call, object and errno do not say everything
	Hint    string        // the remedy, where one is known
}

// Kind is KindFault.
func (*Fault) Kind() Kind { return KindFault }

const maxErrno = 4095 // MAX_ERRNO

func (f *Fault) fields() fields {
	return fields{
		{"code", unsigned(&f.Code, 1, uint64(len(codes)-1)), "what went wrong, from the closed set below"},
		{"machine", text(&f.Machine, 0, MaxName), "whose: parent or child"},
		{"state", text(&f.State, 0, MaxName), "the machine's state"},
		{"awaited", text(&f.Awaited, 0, MaxName), "what it was waiting for; empty if it was not"},
		{"op", text(&f.Op, 0, MaxText), "the operation"},
		{"path", text(&f.Path, 0, MaxName), "where in config.json it comes from"},
		{"call", text(&f.Call, 0, MaxName), "the system call"},
		{"errno", unsigned(&f.Errno, 0, maxErrno), "its error number on the sender's architecture; 0 if none"},
		{"object", text(&f.Object, 0, MaxText), "what the call was about"},
		{"detail", text(&f.Detail, 0, MaxText), "the whole story, where call, object and errno do not tell it"},
		{"hint", text(&f.Hint, 0, MaxText), "the remedy, where one is known"},
	}
}

// Bounded returns a copy whose texts fit the limits of the wire and contain no NUL, and
// whose code is in the closed set. It is better to report a failure in part than not at
// all.
func (f *Fault) Bounded() *Fault {
	bounded := *f
	for _, field := range bounded.fields() {
		text, is := field.value.(textValue)
		if !is {
			continue
		}
		*text.to = strings.ReplaceAll(*text.to, "\x00", "\\0")
		*text.to = (*text.to)[:min(len(*text.to), text.most)]
	}
	if bounded.Errno > maxErrno {
		bounded.Errno = 0
	}
	if bounded.Code.Meaning() == "" {
		bounded.Code = CodeOperation
	}
	return &bounded
}

// Error returns one line for people: what was being done, to what, what the kernel said,
// and what to do about it.
func (f *Fault) Error() string {
	story := f.Detail
	if story == "" {
		story = plain(f)
	}
	if story == "" {
		story = f.where() + cmp.Or(f.Code.Meaning(), f.Code.String())
	}
	if kind, _, _ := strings.Cut(f.Op, "["); f.Op != "" && !strings.HasPrefix(story, kind+" ") { // the text already begins with what was being done
		story = f.Op + ": " + story
	}
	if f.Path != "" && !strings.HasPrefix(story, f.Path) {
		story = f.Path + ": " + story
	}
	if f.Hint != "" && !strings.Contains(story, f.Hint) {
		story += "; " + f.Hint
	}
	return story
}

// where says whose state a failure belongs to if the Fault says nothing but its code, like
// that of a child that may no longer allocate.
func (f *Fault) where() string {
	if f.Machine == "" || f.State == "" {
		return ""
	}
	text := "the " + f.Machine + " in " + f.State
	if f.Awaited != "" {
		text += ", awaiting " + f.Awaited
	}
	return text + ": "
}

// Unwrap lets errors.Is see the kernel's answer.
func (f *Fault) Unwrap() error {
	if f.Errno == 0 {
		return nil
	}
	return f.Errno
}
