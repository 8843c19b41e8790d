package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/pflag"
)

// hides lists flags of commands that intentionally have a global flag's name: other
// runtimes have the same two.
var hides = map[string]bool{"spec --rootless": true}

// A global flag cannot be given after a command that has one of the same name.
func TestCommandsLeaveGlobalFlagsAlone(t *testing.T) {
	p := program(&global{})
	seen := map[string]bool{}
	for _, command := range p.Commands() {
		if seen[command.Name] {
			t.Errorf("two commands are called %s", command.Name)
		}
		seen[command.Name] = true
		if command.Flags == nil {
			continue
		}
		global, own := pflag.NewFlagSet("", pflag.ContinueOnError), pflag.NewFlagSet("", pflag.ContinueOnError)
		p.Flags(global)
		command.Flags(own)
		own.VisitAll(func(flag *pflag.Flag) {
			if global.Lookup(flag.Name) != nil && !hides[command.Name+" --"+flag.Name] || flag.Shorthand != "" && global.ShorthandLookup(flag.Shorthand) != nil {
				t.Errorf("%s: --%s is a global flag's name", command.Name, flag.Name)
			}
		})
	}
}

// A word known from other programs is suggested for only one command, and is not itself a
// command.
func TestWordsFromElsewhereLeadToOneCommand(t *testing.T) {
	p := program(&global{})
	leads := map[string]string{}
	for _, command := range p.Commands() {
		for _, word := range command.Elsewhere {
			if p.Find(word) != nil || leads[word] != "" {
				t.Errorf("%s leads to %s, and is a command or leads to %q", word, command.Name, leads[word])
			}
			leads[word] = command.Name
		}
	}
}

// An alias is another spelling of an existing flag.
func TestAliasesAreOfFlags(t *testing.T) {
	for _, command := range program(&global{}).Commands() {
		if command.Aliases == nil {
			continue
		}
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		command.Flags(flags)
		for alias, name := range command.Aliases {
			if flags.Lookup(name) == nil || flags.Lookup(alias) != nil {
				t.Errorf("%s: --%s is to be --%s", command.Name, alias, name)
			}
		}
	}
}

// The help of every flag that takes a value names the value.
func TestHelpNamesValues(t *testing.T) {
	p := program(&global{})
	for _, command := range p.Commands() {
		var help strings.Builder
		if err := p.Help(&help, command, 80); err != nil {
			t.Fatal(err)
		}
		if command.Short == "" || !strings.Contains(help.String(), "Usage: fsrun "+command.Name) {
			t.Errorf("%s: %s", command.Name, help.String())
		}
		for line := range strings.Lines(command.Long) {
			if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > 80 {
				t.Errorf("%s: a line of its help is too long for a terminal: %q", command.Name, line)
			}
		}
		if command.Flags == nil {
			continue
		}
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		command.Flags(flags)
		flags.VisitAll(func(flag *pflag.Flag) {
			if value, usage := pflag.UnquoteUsage(flag); usage == "" || flag.Value.Type() != "bool" && value != strings.ToUpper(value) {
				t.Errorf("%s: --%s %s: %s", command.Name, flag.Name, value, usage)
			}
		})
	}
}
