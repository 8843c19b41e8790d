package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

// example is a program with a command of each kind, and the values of its flags.
type example struct {
	*Program
	root, name string
	force      bool
	count      int
}

func newExample() *example {
	e := &example{}
	named := func(flags *pflag.FlagSet) {
		flags.StringVarP(&e.name, "name", "n", "", "call it `NAME`")
		flags.BoolVarP(&e.force, "force", "f", false, "do it anyway")
		flags.IntVar(&e.count, "count", 1, "do it `COUNT` times")
	}
	e.Program = &Program{
		Name: "tool", Short: "an example",
		Flags: func(flags *pflag.FlagSet) { flags.StringVar(&e.root, "root", "", "`DIRECTORY`") },
		Groups: []Group{{"Do", []*Command{
			{Name: "kill", Elsewhere: []string{"stop", "end"}, Arguments: "ID [SIGNAL]", Least: 1, Most: 2, Short: "send a signal", Flags: named},
			{Name: "exec", Arguments: "ID [PROGRAM...]", Least: 1, Most: Unlimited, TakesProgram: true, Operands: 1, Flags: named, FailureStatus: 255},
			{Name: "wrap", Arguments: "PROGRAM [ARGUMENT...]", Least: 1, Most: Unlimited, TakesProgram: true, Flags: named, Aliases: map[string]string{"label": "name"}},
		}}, {"Look", []*Command{
			{Name: "list", Short: "list all"},
			{Name: "print", Short: "print all", Available: func() error { return errors.New("there is no printer") }},
		}}, {"Draw", []*Command{
			{Name: "draw", Short: "draw all", Available: func() error { return errors.New("there is no pencil") }},
		}}},
		Topics: []Topic{{"colours", "which colours there are", func() string { return "Red and green.\n" }}},
	}
	return e
}

func (e *example) parse(line string) (string, error) {
	invocation, err := e.Parse(strings.Fields(line))
	name := "-"
	if invocation.Command != nil {
		name = invocation.Command.Name
	}
	if invocation.Help {
		return name + " help", err
	}
	return fmt.Sprintf("%s %q root=%s name=%s force=%v", name, invocation.Operands, e.root, e.name, e.force), err
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"", `- [] root= name= force=false`},
		{"list", `list [] root= name= force=false`},
		{"--root /r kill web", `kill ["web"] root=/r name= force=false`},
		{"--root=/r kill web", `kill ["web"] root=/r name= force=false`},
		{"kill --root /r web", `kill ["web"] root=/r name= force=false`},
		{"kill web TERM -f --root=/r -n x", `kill ["web" "TERM"] root=/r name=x force=true`},
		{"kill -fn x web", `kill ["web"] root= name=x force=true`},
		{"kill web -- -9", `kill ["web" "-9"] root= name= force=false`},
		{"exec web ls -f --root /x", `exec ["web" "ls" "-f" "--root" "/x"] root= name= force=false`},
		{"exec -f web -n x sh -c -f", `exec ["web" "sh" "-c" "-f"] root= name=x force=true`},
		{"exec web -f -- -n x", `exec ["web" "-n" "x"] root= name= force=true`},
		{"exec web -- ls -- -f", `exec ["web" "ls" "--" "-f"] root= name= force=false`},
		{"exec web ls -- -f", `exec ["web" "ls" "--" "-f"] root= name= force=false`},
		{"exec -- web ls -f", `exec ["web" "ls" "-f"] root= name= force=false`},
		{"exec web", `exec ["web"] root= name= force=false`},
		{"wrap ls -f", `wrap ["ls" "-f"] root= name= force=false`},
		{"wrap --label x ls --label", `wrap ["ls" "--label"] root= name=x force=false`},
		{"wrap -f -- ls -f", `wrap ["ls" "-f"] root= name= force=true`},
		{"--help", `- help`},
		{"-h", `- help`},
		{"kill --help", `kill help`},
		{"kill web -h", `kill help`},
		{"exec web ls --help", `exec ["web" "ls" "--help"] root= name= force=false`},
		{"exec web --help", `exec help`},
	} {
		got, err := newExample().parse(c.line)
		if err != nil || got != c.want {
			t.Errorf("%q is %s, %v; want %s", c.line, got, err, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"kil web", `unknown command "kil"; did you mean kill?`},
		{"stop web", `unknown command "stop"; did you mean kill?`},
		{"lst", `unknown command "lst"; did you mean list?`},
		{"root", `unknown command "root"; did you mean --root?`},
		{"prin", `unknown command "prin"; allowed: kill, exec, wrap, list`},
		{"print", `print: there is no printer`},
		{"--hel", `unknown flag --hel; did you mean --help?`},
		{"-root /r list", `unknown flag -r in -root; did you mean --root?`},
		{"frobnicate", `unknown command "frobnicate"; allowed: kill, exec, wrap, list`},
		{"--rot /r list", `unknown flag --rot; did you mean --root?`},
		{"kill --forse web", `kill: unknown flag --forse; did you mean --force?`},
		{"kill -fx web", `kill: unknown flag -x; allowed: --name, --force, --count, --root, --help`},
		{"wrap -x ls", `wrap: unknown flag -x; allowed: --name, --force, --count, --root, --help; flags of the program follow its name`},
		{"kill --name", `kill: --name needs a value: call it NAME`},
		{"kill --count many web", `kill: --count "many": allowed: a whole number`},
		{"kill --force=maybe web", `kill: --force "maybe": allowed: true or false`},
		{"kill --=x web", `kill: bad flag syntax: --=x`},
		{"kill", `kill: ID is missing; usage: tool kill [flags] ID [SIGNAL]`},
		{"kill a b c", `kill: unexpected argument "c"; usage: tool kill [flags] ID [SIGNAL]`},
		{"list x", `list: unexpected argument "x"; usage: tool list`},
		{"wrap", `wrap: PROGRAM is missing; usage: tool wrap [flags] PROGRAM [ARGUMENT...]`},
	} {
		if got, err := newExample().parse(c.line); err == nil || err.Error() != c.want {
			t.Errorf("%q is %s, %v; want %s", c.line, got, err, c.want)
		}
	}
}

// An error says which command was meant, whose failures may have a status of their own.
func TestFailure(t *testing.T) {
	for line, want := range map[string]int{"exec --nope": 255, "exec": 255, "kill": 1, "": 1, "nope": 1} {
		invocation, _ := newExample().Parse(strings.Fields(line))
		if got := invocation.Command.Failure(); got != want {
			t.Errorf("%q fails with status %d, want %d", line, got, want)
		}
	}
}

func TestHelp(t *testing.T) {
	e := newExample()
	kill := e.Find("kill")
	kill.Long = "The signal is a name."
	kill.Examples = []Example{{Line: "tool kill web", Meaning: "end web"}}
	var overview, manual strings.Builder
	if err := e.Help(&overview, nil, 80); err != nil {
		t.Fatal(err)
	}
	if err := e.Help(&manual, kill, 80); err != nil {
		t.Fatal(err)
	}
	wantOverview := `tool: an example

Usage: tool [global flags] COMMAND [flags] [arguments]

Do:
  kill  send a signal
  exec  
  wrap  

Look:
  list  list all

Global flags, before or after the command:
      --root DIRECTORY  DIRECTORY

More help:
  tool help COMMAND  a command, its flags and examples
  tool help colours  which colours there are
`
	wantManual := `tool kill: send a signal

Usage: tool kill [flags] ID [SIGNAL]

The signal is a name.

Flags:
  -n, --name NAME    call it NAME
  -f, --force        do it anyway
      --count COUNT  do it COUNT times (default 1)

Examples:
  tool kill web
      end web
`
	if diff := cmp.Diff(wantOverview, overview.String()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(wantManual, manual.String()); diff != "" {
		t.Error(diff)
	}
}

// Help fits the terminal, however long a flag's usage is.
func TestHelpFits(t *testing.T) {
	e := newExample()
	kill := e.Find("kill")
	kill.Short = strings.Repeat("a rather long story ", 10)
	kill.Flags = func(flags *pflag.FlagSet) { flags.String("name", "", strings.Repeat("what it is for ", 20)) }
	for _, width := range []int{60, 80, 100} {
		var overview, manual strings.Builder
		if err := errors.Join(e.Help(&overview, nil, width), e.Help(&manual, kill, width)); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(overview.String() + manual.String()) {
			if len(line) > width+1 && !strings.HasPrefix(line, "Usage: ") {
				t.Errorf("%d columns of %d: %q", len(line)-1, width, line)
			}
		}
	}
}

func TestNearest(t *testing.T) {
	allowed := []string{"start", "state", "delete", "list", "ps", "top", "restore", "resume", "--preserve-fds", "--root", "--rootless", "--net"}
	for given, want := range map[string]string{
		"strat": "start", "stat": "state", "stae": "state", "del": "delete", "lsit": "list", "--preserve": "--preserve-fds", "-preserve-fds": "--preserve-fds",
		"--roo": "--root", "--rot": "--root", "preserve-fsd": "--preserve-fds", "deleete": "delete", "sta": "", "res": "",
		"foo": "", "--foo": "", "ls": "", "--hel": "", "t": "", "x": "", "": "", "-": "", "frob": "", strings.Repeat("a", 1000): "",
	} {
		if got := nearest(given, allowed); got != want {
			t.Errorf("%q is near %q, want %q", given, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"list", "lists", 1}, {"lsit", "list", 1}, {"ab", "ba", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3}} {
		if got := distance(c.from, c.to); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.from, c.to, got, c.want)
		}
	}
}

// Help accepts commands and topics, and suggests either.
func TestHelpOn(t *testing.T) {
	for name, want := range map[string]string{
		"colours": "colours: which colours there are\n\nRed and green.\n",
		"colors":  `unknown command "colors"; did you mean colours?`,
		"stop":    `unknown command "stop"; did you mean kill?`,
		"foo":     `unknown command "foo"; allowed: kill, exec, wrap, list, colours`,
		"print":   "print: there is no printer",
		"list":    "tool list: list all\n\nUsage: tool list\n",
	} {
		var said strings.Builder
		if err := newExample().HelpOn(&said, name, 80); err != nil {
			said.WriteString(err.Error())
		}
		if said.String() != want {
			t.Errorf("%s: %q, want %q", name, said.String(), want)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1": 1, "64M": 64 << 20, "64m": 64 << 20, "1K": 1024, "2G": 2 << 30, "1T": 1 << 40,
		"9223372036854775807": 9223372036854775807, "8388607T": 8388607 << 40,
	} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%q is %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "M", "-1", "+1", "1.5G", "1MB", "1 M", "0x10", "9223372036854775808", "8388608T", "1Q"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
}

func TestValues(t *testing.T) {
	var format string
	var size *int64
	flags := newFlagSet(func(flags *pflag.FlagSet) {
		flags.Var(Choice(&format, "table", "table", "json"), "format", "")
		flags.Var(Size(&size), "size", "")
	})
	if format != "table" || size != nil {
		t.Fatalf("at first %q, %v", format, size)
	}
	if err := flags.Parse([]string{"--format", "json", "--size=1K"}); err != nil {
		t.Fatal(err)
	}
	if format != "json" || *size != 1024 || flags.Lookup("size").Value.String() != "1024" {
		t.Errorf("%q, %v", format, *size)
	}
	if err := flags.Parse([]string{"--format", "yaml"}); err == nil || format != "json" {
		t.Errorf("%q, %v", format, err)
	}
}

// Help and errors name the available commands in the order of the table, and groups that
// have any.
func TestAvailable(t *testing.T) {
	e := newExample()
	if names, want := e.Names(), []string{"kill", "exec", "wrap", "list", "print", "draw"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	here := e.Available()
	if names, want := here.Names(), []string{"kill", "exec", "wrap", "list"}; !slices.Equal(names, want) || len(here.Groups) != 2 {
		t.Errorf("%q in %d groups, want %q", names, len(here.Groups), want)
	}
	if len(e.Groups) != 3 || len(e.Groups[1].Commands) != 2 {
		t.Error("the program itself has changed")
	}
}
