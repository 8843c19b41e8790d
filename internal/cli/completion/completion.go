// Package completion writes what shells need to complete a command line, from the
// table that also parses it.
package completion

import (
	"fmt"
	"strings"

	"github.com/fsrun/fsrun/internal/cli"
)

// Shells are those that scripts can be written for.
func Shells() []string { return []string{"bash", "fish", "zsh"} }

// Script returns the script for a shell. It offers all commands of the program, which
// may be one reduced to those that are available.
func Script(shell string, p *cli.Program) (string, error) {
	switch shell {
	case "bash":
		return bash(p), nil
	case "fish":
		return fish(p), nil
	case "zsh":
		return zsh(p), nil
	}
	return "", fmt.Errorf("no completion for the shell %q; allowed: %s", shell, strings.Join(Shells(), ", "))
}

// listing is the command that lists containers.
func listing(p *cli.Program) string { return p.Name + " list --quiet 2>/dev/null" }

// helped are the words that help takes.
func helped(p *cli.Program) string { return strings.Join(append(p.Names(), p.TopicNames()...), " ") }

// quote makes a text one word of any of the shells.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// short cuts a usage at its first break, for a menu.
func short(usage string) string {
	for _, mark := range []string{";", ":", ",", " ("} {
		usage, _, _ = strings.Cut(usage, mark)
	}
	return strings.ReplaceAll(usage, "'", "")
}

// words lists all spellings of flags.
func words(flags []cli.Flag) string {
	var all []string
	for _, flag := range flags {
		all = append(all, "--"+flag.Name)
		if flag.Short != "" {
			all = append(all, "-"+flag.Short)
		}
	}
	return strings.Join(all, " ")
}

// pattern is a shell's case pattern of flags that take a value of a kind.
func pattern(flags []cli.Flag, is func(*cli.Flag) bool) string {
	var all []string
	for i := range flags {
		if is(&flags[i]) {
			all = append(all, strings.ReplaceAll(words(flags[i:i+1]), " ", "|"))
		}
	}
	return strings.Join(all, "|")
}
