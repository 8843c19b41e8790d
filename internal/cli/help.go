package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/internal/cli/style"
)

// Help writes everything about the program, or about a command, in lines of a width.
func (p *Program) Help(to io.Writer, command *Command, width int) error {
	var text strings.Builder
	if command == nil {
		p.overview(&text, width)
	} else {
		p.manual(&text, command, width)
	}
	_, err := io.WriteString(to, text.String())
	return err
}

// HelpOn writes everything about the command or topic of that name.
func (p *Program) HelpOn(to io.Writer, name string, width int) error {
	for _, topic := range p.Topics {
		if topic.Name == name {
			_, err := fmt.Fprintf(to, "%s: %s\n\n%s", topic.Name, topic.Short, topic.Text())
			return err
		}
	}
	command := p.Find(name)
	if command == nil {
		return p.unknownCommand(name, p.TopicNames()...)
	}
	if err := command.Have(); err != nil {
		return err
	}
	return p.Help(to, command, width)
}

func (p *Program) overview(text *strings.Builder, width int) {
	fmt.Fprintf(text, "%s: %s\n\nUsage: %s [global flags] COMMAND [flags] [arguments]\n", p.Name, p.Short, p.Name)
	here := p.Available()
	column := 0 // the same for all groups
	for _, name := range here.Names() {
		column = max(column, len(name))
	}
	for _, group := range here.Groups {
		fmt.Fprintf(text, "\n%s:\n", group.Title)
		var commands []described
		for _, command := range group.Commands {
			commands = append(commands, described{command.Name, command.Short})
		}
		describe(text, commands, column, width)
	}
	text.WriteString("\nGlobal flags, before or after the command:\n")
	writeFlags(text, newFlagSet(p.Flags), width)
	if len(p.Statuses) > 0 {
		text.WriteString("\nExit statuses:\n")
	}
	var statuses []described
	for _, status := range p.Statuses {
		statuses = append(statuses, described{status.Value, status.Meaning})
	}
	describe(text, statuses, 0, width)
	text.WriteString("\nMore help:\n")
	more := []described{{p.Name + " help COMMAND", "a command, its flags and examples"}}
	for _, topic := range p.Topics {
		more = append(more, described{p.Name + " help " + topic.Name, topic.Short})
	}
	describe(text, more, 0, width)
}

func (p *Program) manual(text *strings.Builder, command *Command, width int) {
	title := fmt.Sprintf("%s %s: %s", p.Name, command.Name, command.Short)
	fmt.Fprintf(text, "%s\n\nUsage: %s\n", style.Wrap(title, 0, 4, width), p.usage(command))
	if command.Long != "" {
		fmt.Fprintf(text, "\n%s\n", strings.TrimSpace(command.Long))
	}
	if flags := newFlagSet(command.Flags); flags.HasFlags() {
		text.WriteString("\nFlags:\n")
		writeFlags(text, flags, width)
	}
	if len(command.Examples) > 0 {
		text.WriteString("\nExamples:\n")
	}
	for _, example := range command.Examples {
		fmt.Fprintf(text, "  %s\n      %s\n", example.Line, style.Wrap(example.Meaning, 6, 6, width))
	}
}

func (p *Program) usage(command *Command) string {
	parts := []string{p.Name, command.Name}
	if command.Flags != nil {
		parts = append(parts, "[flags]")
	}
	if command.Arguments != "" {
		parts = append(parts, command.Arguments)
	}
	return strings.Join(parts, " ")
}

func writeFlags(text *strings.Builder, flags *pflag.FlagSet, width int) {
	var all []described
	flags.VisitAll(func(flag *pflag.Flag) {
		short := "    "
		if flag.Shorthand != "" {
			short = "-" + flag.Shorthand + ", "
		}
		value, usage := pflag.UnquoteUsage(flag)
		if value != "" {
			value = " " + value
		}
		all = append(all, described{short + "--" + flag.Name + value, usage + defaultOf(flag)})
	})
	describe(text, all, 0, width)
}

// described is a thing and its description.
type described struct{ name, meaning string }

// describe writes two columns: the first has at least a width of least, the second has
// lines that end before width.
func describe(text *strings.Builder, all []described, least, width int) {
	longest := least
	for _, one := range all {
		longest = max(longest, len(one.name))
	}
	for _, one := range all {
		column := longest + 4
		fmt.Fprintf(text, "  %-*s  %s\n", longest, one.name, style.Wrap(one.meaning, column, column, width))
	}
}

// defaultOf returns a default other than the zero value.
func defaultOf(flag *pflag.Flag) string {
	switch flag.DefValue {
	case "", "0", "false", "[]", "0s":
		return ""
	}
	return " (default " + flag.DefValue + ")"
}
