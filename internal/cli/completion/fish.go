package completion

import (
	"fmt"
	"strings"

	"github.com/fsrun/fsrun/internal/cli"
)

// fish writes a line for each command and flag.
func fish(p *cli.Program) string {
	var text strings.Builder
	fmt.Fprintf(&text, "# fish completion for %[1]s: put it into ~/.config/fish/completions/%[1]s.fish\n", p.Name)
	fmt.Fprintf(&text, "complete -c %s -f\n", p.Name)
	for _, flag := range p.GlobalFlags() {
		fishFlag(&text, p, "", &flag)
	}
	for _, command := range p.Commands() {
		fmt.Fprintf(&text, "complete -c %s -n __fish_use_subcommand -a %s -d %s\n", p.Name, command.Name, quote(short(command.Short)))
		seen := quote("__fish_seen_subcommand_from " + command.Name)
		for _, flag := range command.OwnFlags() {
			fishFlag(&text, p, seen, &flag)
		}
		switch {
		case command.TakesContainer():
			fmt.Fprintf(&text, "complete -c %s -n %s -a %s\n", p.Name, seen, quote("("+listing(p)+")"))
		case command.Name == "help":
			fmt.Fprintf(&text, "complete -c %s -n %s -a %s\n", p.Name, seen, quote(helped(p)))
		}
	}
	return text.String()
}

func fishFlag(text *strings.Builder, p *cli.Program, when string, flag *cli.Flag) {
	fmt.Fprintf(text, "complete -c %s", p.Name)
	if when != "" {
		fmt.Fprintf(text, " -n %s", when)
	}
	fmt.Fprintf(text, " -l %s", flag.Name)
	if flag.Short != "" {
		fmt.Fprintf(text, " -s %s", flag.Short)
	}
	switch {
	case len(flag.Allowed) > 0:
		fmt.Fprintf(text, " -x -a %s", quote(strings.Join(flag.Allowed, " ")))
	case flag.TakesPath():
		text.WriteString(" -r -F")
	case flag.Value != "":
		text.WriteString(" -x")
	}
	fmt.Fprintf(text, " -d %s\n", quote(short(flag.Usage)))
}
