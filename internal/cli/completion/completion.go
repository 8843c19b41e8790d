// Package completion writes shell completions, from the table that is also used to parse
// the command line.
package completion

import (
	"fmt"
	"strings"

	"github.com/fsrun/fsrun/internal/cli"
)

// Shells lists the shells that there are scripts for.
func Shells() []string { return []string{"bash", "fish", "zsh"} }

// Script returns the script for a shell. It offers all commands of the program, which may
// be reduced to those that are available.
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

// listing returns the command that lists containers.
func listing(p *cli.Program) string { return p.Name + " list --quiet 2>/dev/null" }

// helped returns the words that help accepts.
func helped(p *cli.Program) string { return strings.Join(append(p.Names(), p.TopicNames()...), " ") }

// quote quotes a text as a single word for any of the shells.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// short cuts a usage at its first pause, for a menu.
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

// pattern returns a shell's case pattern for flags that take a value of some kind.
func pattern(flags []cli.Flag, is func(*cli.Flag) bool) string {
	var all []string
	for i := range flags {
		if is(&flags[i]) {
			all = append(all, strings.ReplaceAll(words(flags[i:i+1]), " ", "|"))
		}
	}
	return strings.Join(all, "|")
}
