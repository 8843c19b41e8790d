// Package manual writes manual pages, from the table that is also used to parse the command
// line.
package manual

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/fsrun/fsrun/internal/cli"
)

// Name returns a page's name: fsrun, or fsrun-run.
func Name(p *cli.Program, command *cli.Command) string {
	if command == nil {
		return p.Name
	}
	return p.Name + "-" + command.Name
}

// Page returns the page of a command, or of the program if command is nil, in the macros of
// man(7).
func Page(p *cli.Program, command *cli.Command, version string) string {
	w := &page{}
	w.line(`.TH %s 8 "" %s`, quoted(strings.ToUpper(Name(p, command))), quoted(p.Name+" "+version))
	if command == nil {
		w.program(p)
	} else {
		w.command(p, command)
	}
	return w.text.String()
}

type page struct{ text strings.Builder }

func (w *page) line(format string, arguments ...any) { fmt.Fprintf(&w.text, format+"\n", arguments...) }

func (w *page) program(p *cli.Program) {
	w.line(".SH NAME\n%s \\- %s", p.Name, plain(p.Short))
	w.line(".SH SYNOPSIS\n.B %s\n[global flags] COMMAND [flags] [arguments]", p.Name)
	w.line(".SH COMMANDS")
	for _, group := range p.Groups {
		w.line(".SS %s", plain(group.Title))
		for _, command := range group.Commands {
			w.line(".TP\n.BR %s (8)\n%s", plain(Name(p, command)), plain(command.Short))
		}
	}
	w.line(".SH GLOBAL FLAGS\nThey stand before or behind the command.")
	w.flags(p.GlobalFlags())
	for _, topic := range p.Topics {
		w.line(".SH %s\n.nf\n%s\n.fi", strings.ToUpper(topic.Name), plain(strings.TrimSuffix(topic.Text(), "\n")))
	}
	w.statuses(p)
}

func (w *page) command(p *cli.Program, c *cli.Command) {
	w.line(".SH NAME\n%s \\- %s", plain(Name(p, c)), plain(c.Short))
	w.line(".SH SYNOPSIS\n.B %s %s\n[flags] %s", p.Name, c.Name, plain(c.Arguments))
	if c.Long != "" {
		w.line(".SH DESCRIPTION\n%s", plain(strings.TrimSpace(c.Long)))
	}
	if flags := c.OwnFlags(); len(flags) > 0 {
		w.line(".SH FLAGS")
		w.flags(flags)
	}
	if len(c.Examples) > 0 {
		w.line(".SH EXAMPLES")
	}
	for _, example := range c.Examples {
		w.line(".TP\n.B %s\n%s", plain(example.Line), plain(example.Meaning))
	}
	w.statuses(p)
	w.line(".SH SEE ALSO\n.BR %s (8)", p.Name)
}

func (w *page) flags(flags []cli.Flag) {
	for _, flag := range flags {
		name := `\-\-` + plain(flag.Name)
		if flag.Short != "" {
			name = `\-` + plain(flag.Short) + ", " + name
		}
		usage := plain(flag.Usage)
		if flag.Default != "" {
			usage += " (default " + plain(flag.Default) + ")"
		}
		if flag.Value == "" {
			w.line(".TP\n.B %s\n%s", name, usage)
		} else {
			w.line(".TP\n.BI %s %s\n%s", quoted(name+" "), plain(flag.Value), usage)
		}
	}
}

func (w *page) statuses(p *cli.Program) {
	if len(p.Statuses) == 0 {
		return
	}
	w.line(".SH EXIT STATUS")
	for _, status := range p.Statuses {
		w.line(".TP\n.B %s\n%s", plain(status.Value), plain(status.Meaning))
	}
}

// plain escapes text that could be taken for requests and escapes (groff(7)).
func plain(text string) string {
	text = ascii(strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text))
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

// ascii replaces all other characters by escapes with their code points.
func ascii(text string) string {
	var spelled strings.Builder
	for _, r := range text {
		if r < unicode.MaxASCII {
			spelled.WriteRune(r)
		} else {
			fmt.Fprintf(&spelled, `\[u%04X]`, r)
		}
	}
	return spelled.String()
}

// quoted quotes a text as a single argument of a macro.
func quoted(text string) string { return `"` + strings.ReplaceAll(text, `"`, `\(dq`) + `"` }
