package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

const document = "../../docs/commands.md"

// own are flags that no other runtime has; help describes them.
var own = []string{"deadline", "trace"}

// The document lists exactly the flags of its commands, and tests that exist and use the
// command.
func TestCommandsAreDocumented(t *testing.T) {
	content, err := os.ReadFile(document)
	must(t, err)
	p := program(&global{})
	rows := regexp.MustCompile("(?m)^\\| `([a-z]+)` \\|([^|]*)\\|[^|]*\\| `([a-z_]+\\.txtar)` \\|$").FindAllStringSubmatch(string(content), -1)
	if len(rows) < 15 {
		t.Fatalf("the table has %d rows", len(rows))
	}
	flagsOf := map[string][]string{}
	for _, row := range rows {
		name, told, script := row[1], row[2], row[3]
		command := p.Find(name)
		if command == nil {
			t.Errorf("there is no command %s", name)
			continue
		}
		flagsOf[name] = regexp.MustCompile("--[a-z-]+").FindAllString(told, -1)
		if strings.Contains(told, "those of `create`") {
			flagsOf[name] = append(flagsOf[name], flagsOf["create"]...)
		}
		equal(t, name, slices.Sorted(slices.Values(flagsOf[name])), registered(command.Flags))
		test, err := os.ReadFile("../../testdata/script/" + script)
		must(t, err)
		if !regexp.MustCompile(`(?m)^.*\bfsrun\b.* ` + name + `\b`).Match(test) {
			t.Errorf("%s does not run %s", script, name)
		}
	}
	for _, status := range p.Statuses {
		if !strings.Contains(string(content), "\n| "+status.Value+" | ") {
			t.Errorf("the exit status %s is not told of", status.Value)
		}
	}
	for _, flag := range registered(p.Flags) {
		if !strings.Contains(string(content), flag) {
			t.Errorf("the global flag %s is not told of", flag)
		}
	}
}

func registered(register func(*pflag.FlagSet)) []string {
	var names []string
	if register == nil {
		return nil
	}
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	register(flags)
	flags.VisitAll(func(flag *pflag.Flag) {
		if !slices.Contains(own, flag.Name) {
			names = append(names, "--"+flag.Name)
		}
	})
	slices.Sort(names)
	return names
}
