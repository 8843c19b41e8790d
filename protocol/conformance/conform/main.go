// Command conform tests an implementation of the handshake (SPEC.md) from outside and
// reports a result for each numbered requirement.
//
//	conform child PROGRAM    plays the parent against a child
//	conform parent COMMAND…  plays the child against a parent (see -h)
//
// PROGRAM is executed as SPEC.md says a child is, with the first argument "fsrun: child".
// The exit status is 1 if a case failed, 2 if it could not be tested.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fsrun/fsrun/protocol/conformance"
	_ "github.com/fsrun/fsrun/protocol/conformance/stub" // this program is also the stub
	stories "github.com/fsrun/fsrun/testdata/conformance"
)

func main() {
	good, err := conform(os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "conform:", err)
		os.Exit(2)
	}
	if !good {
		os.Exit(1)
	}
}

const usage = `usage: conform [flags] child PROGRAM
       conform [flags] parent COMMAND [ARGUMENT...]

The parent's COMMAND starts one container, with this program as its child, and
leaves the working directory of that child as it found its own: the child finds
the kit there. Its exit status is 0 where the program was executed.

`

func conform(arguments []string, out io.Writer) (bool, error) {
	flags := flag.NewFlagSet("conform", flag.ContinueOnError)
	slow := flags.Bool("slow", false, "also wait for deadlines that cannot be shortened")
	asJSON := flags.Bool("json", false, "write the report as one JSON object")
	only := flags.String("only", "", "play only cases whose name contains this `text`")
	list := flags.Bool("list", false, "list the cases and play none")
	var files []string
	flags.Func("story", "play the story in this `FILE`, and no other case; may be repeated", func(name string) error {
		files = append(files, name)
		return nil
	})
	parallel := flags.Int("parallel", 4, "how many cases are played at a time")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	if err := flags.Parse(arguments); err != nil {
		return false, err
	}
	subject, cases, err := chosen(flags.Args(), files)
	if err != nil {
		return false, err
	}
	cases = slices.DeleteFunc(cases, func(c conformance.Case) bool { return !strings.Contains(c.Name, *only) })
	if *list {
		for _, c := range cases {
			fmt.Fprintf(out, "%s (%s)\n", c.Name, strings.Join(c.Musts, ", "))
		}
		return true, nil
	}
	report := conformance.Run(subject, cases, conformance.Options{Slow: *slow, Parallel: *parallel})
	if *asJSON {
		return report.Failed == 0, report.WriteJSON(out)
	}
	report.Write(out)
	return report.Failed == 0, nil
}

// chosen returns the subject under test and its cases: those in files, or all of them.
func chosen(arguments, files []string) (conformance.Subject, []conformance.Case, error) {
	if len(arguments) < 2 {
		return nil, nil, fmt.Errorf("want child PROGRAM or parent COMMAND; -h shows how")
	}
	side, command := arguments[0], arguments[1:]
	var subject conformance.Subject
	switch {
	case side == conformance.Child && len(command) == 1:
		program, err := filepath.Abs(command[0])
		if err != nil {
			return nil, nil, err
		}
		subject = conformance.ChildProgram{Path: program, Env: os.Environ()}
	case side == conformance.Parent:
		subject = conformance.ParentProgram{Command: command}
	default:
		return nil, nil, fmt.Errorf("%q: want child PROGRAM or parent COMMAND", arguments)
	}
	if len(files) > 0 {
		cases, err := read(side, files)
		return subject, cases, err
	}
	cases, err := conformance.Stories(stories.FS, side)
	if err != nil {
		return nil, nil, err
	}
	return subject, slices.Concat(cases, conformance.Matrix(side), conformance.Deviations(side)), nil
}

// read reads stories from files.
func read(side string, files []string) (cases []conformance.Case, err error) {
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		story, err := conformance.Parse(name, side, string(text))
		if err != nil {
			return nil, err
		}
		cases = append(cases, story)
	}
	return cases, nil
}
