package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// Each call of fsrun in any code block of a document uses a command and flags that exist,
// including those that cannot be run on this machine.
func TestDocumentedCallsAreKnown(t *testing.T) {
	calls := 0
	for _, path := range documents(t) {
		content, err := os.ReadFile(path)
		must(t, err)
		for _, block := range regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$").FindAllStringSubmatch(string(content), -1) {
			if language := block[1]; language != "" && language != "sh" && language != "console" {
				continue
			}
			text := block[2]
			if block[1] == "console" { // lines without a prompt are output
				text = strings.Join(regexp.MustCompile(`(?m)^\$ .*$`).FindAllString(text, -1), "\n")
			}
			for _, call := range regexp.MustCompile(`(?m)(?:^(?:\$ |sudo )*|&& |; |\| )fsrun ([^\n;|&#]*)`).FindAllStringSubmatch(text, -1) {
				calls++
				checkCall(t, path, strings.Fields(call[1]))
			}
		}
	}
	if calls < 20 {
		t.Errorf("%d calls are documented", calls)
	}
}

func checkCall(t *testing.T, path string, arguments []string) {
	t.Helper()
	p := program(&global{})
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	p.Flags(flags)
	named := false
	for i := 0; i < len(arguments); i++ {
		argument := arguments[i]
		name, _, hasValue := strings.Cut(strings.TrimLeft(argument, "-"), "=")
		switch {
		case argument == "--":
			return
		case len(argument) > 1 && argument[0] == '-':
			var flag *pflag.Flag
			if strings.HasPrefix(argument, "--") {
				flag = flags.Lookup(name)
			} else {
				flag = flags.ShorthandLookup(name[:1])
			}
			if flag == nil && name != "version" && name != "help" {
				t.Errorf("%s: fsrun %s: there is no flag %s", path, strings.Join(arguments, " "), argument)
			} else if flag != nil && !hasValue && flag.NoOptDefVal == "" {
				i++ // its value
			}
		case !named:
			named = true
			command := p.Find(argument)
			if command == nil && argument != "help" {
				t.Errorf("%s: fsrun %s: there is no command %s", path, strings.Join(arguments, " "), argument)
				return
			}
			if command != nil && command.Flags != nil {
				own := pflag.NewFlagSet("", pflag.ContinueOnError)
				command.Flags(own)
				own.AddFlagSet(flags) // if both have a flag of that name, the command's is meant
				flags = own
			}
			if argument == "wrap" || argument == "exec" {
				return // what follows may be another program's
			}
		}
	}
}
