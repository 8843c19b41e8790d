package completion

import (
	"fmt"
	"strings"

	"github.com/fsrun/fsrun/internal/cli"
)

// zsh writes a function that hands each command's flags to _arguments.
func zsh(p *cli.Program) string {
	var text strings.Builder
	fmt.Fprintf(&text, "#compdef %[1]s\n# zsh completion for %[1]s: put it into a directory of $fpath as _%[1]s\n_%[1]s() {\n", p.Name)
	text.WriteString("\tlocal context state line\n\tlocal -a commands\n\tcommands=(\n")
	for _, command := range p.Commands() {
		fmt.Fprintf(&text, "\t\t%s\n", quote(command.Name+":"+short(command.Short)))
	}
	text.WriteString("\t)\n\t_arguments -C \\\n")
	zshFlags(&text, p.GlobalFlags())
	text.WriteString("\t\t'1: :->command' '*:: :->operands'\n\tcase $state in\n\tcommand) _describe command commands ;;\n\toperands) case $words[1] in\n")
	for _, command := range p.Commands() {
		fmt.Fprintf(&text, "\t\t%s) _arguments \\\n", command.Name)
		zshFlags(&text, append(command.OwnFlags(), p.GlobalFlags()...))
		switch {
		case command.TakesContainer():
			fmt.Fprintf(&text, "\t\t'1:container:(($(%s)))' '*::operand:_files' ;;\n", listing(p))
		case command.Name == "help":
			fmt.Fprintf(&text, "\t\t'1:command:(%s)' ;;\n", helped(p))
		default:
			text.WriteString("\t\t'*:operand:_files' ;;\n")
		}
	}
	fmt.Fprintf(&text, "\t\tesac ;;\n\tesac\n}\n_%s \"$@\"\n", p.Name)
	return text.String()
}

func zshFlags(text *strings.Builder, flags []cli.Flag) {
	for i := range flags {
		flag := &flags[i]
		value := ""
		switch {
		case len(flag.Allowed) > 0:
			value = ":value:(" + strings.Join(flag.Allowed, " ") + ")"
		case flag.TakesPath():
			value = ":file:_files"
		case flag.Value != "":
			value = ":value: "
		}
		meaning := strings.NewReplacer("[", "(", "]", ")").Replace(short(flag.Usage))
		equals := ""
		if value != "" {
			equals = "="
		}
		fmt.Fprintf(text, "\t\t%s \\\n", quote("--"+flag.Name+equals+"["+meaning+"]"+value))
		if flag.Short != "" {
			fmt.Fprintf(text, "\t\t%s \\\n", quote("-"+flag.Short+"["+meaning+"]"+value))
		}
	}
}
