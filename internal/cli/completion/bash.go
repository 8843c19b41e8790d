package completion

import (
	"fmt"
	"strings"

	"github.com/fsrun/fsrun/internal/cli"
)

// bash writes a function that completes according to the command and the previous word.
func bash(p *cli.Program) string {
	var text strings.Builder
	name := "_" + p.Name
	fmt.Fprintf(&text, `# bash completion for %[1]s: source it, or put it into
# /usr/share/bash-completion/completions/%[1]s
%[2]s() {
	local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
	local command= at
	COMPREPLY=()
	for ((at = 1; at < COMP_CWORD; at++)); do
		case ${COMP_WORDS[at]} in
		%[3]s) command=${COMP_WORDS[at]}; break ;;
		esac
	done
`, p.Name, name, strings.Join(p.Names(), "|"))
	text.WriteString("\tcase $command in\n")
	bashValues(&text, "", p.GlobalFlags())
	for _, command := range p.Commands() {
		bashValues(&text, command.Name, append(command.OwnFlags(), p.GlobalFlags()...))
	}
	text.WriteString("\tesac\n\tcase $command:$current in\n")
	fmt.Fprintf(&text, "\t:-*) COMPREPLY=($(compgen -W %s -- \"$current\")) ;;\n", quote(words(p.GlobalFlags())))
	fmt.Fprintf(&text, "\t:*) COMPREPLY=($(compgen -W %s -- \"$current\")) ;;\n", quote(strings.Join(p.Names(), " ")))
	for _, command := range p.Commands() {
		fmt.Fprintf(&text, "\t%s:-*) COMPREPLY=($(compgen -W %s -- \"$current\")) ;;\n", command.Name, quote(words(append(command.OwnFlags(), p.GlobalFlags()...))))
		switch {
		case command.TakesContainer():
			fmt.Fprintf(&text, "\t%s:*) COMPREPLY=($(compgen -W \"$(%s)\" -- \"$current\")) ;;\n", command.Name, listing(p))
		case command.Name == "help":
			fmt.Fprintf(&text, "\t%s:*) COMPREPLY=($(compgen -W %s -- \"$current\")) ;;\n", command.Name, quote(helped(p)))
		}
	}
	fmt.Fprintf(&text, "\tesac\n}\ncomplete -o bashdefault -o default -F %s %s\n", name, p.Name)
	return text.String()
}

// bashValues completes the value of the previous flag.
func bashValues(text *strings.Builder, command string, flags []cli.Flag) {
	label := command
	if label == "" {
		label = `""`
	}
	fmt.Fprintf(text, "\t%s) case $before in\n", label)
	for i := range flags {
		if len(flags[i].Allowed) > 0 {
			fmt.Fprintf(text, "\t\t%s) COMPREPLY=($(compgen -W %s -- \"$current\")); return ;;\n",
				strings.ReplaceAll(words(flags[i:i+1]), " ", "|"), quote(strings.Join(flags[i].Allowed, " ")))
		}
	}
	free := func(f *cli.Flag) bool { return f.Value != "" && len(f.Allowed) == 0 }
	if any := pattern(flags, free); any != "" {
		fmt.Fprintf(text, "\t\t%s) return ;;\n", any) // by default files
	}
	text.WriteString("\t\tesac ;;\n")
}
