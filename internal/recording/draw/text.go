package draw

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"unicode"

	"golang.org/x/sys/unix"
)

// printable escapes what could trick a terminal: names in a recording come from a bundle's
// author.
func printable(text string) string {
	if strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return text
	}
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
}

// errnoName returns an error number's name and meaning.
func errnoName(number int) string {
	errno := syscall.Errno(number)
	if name := unix.ErrnoName(errno); name != "" {
		return fmt.Sprintf("%s (%s)", name, errno)
	}
	return strconv.Itoa(number)
}
