package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

const usage = `mutants: take guards out of the code and see that a test notices

Usage: go run ./internal/mutants [-run REGEXP] [-list]

As root, in a checkout. First all tests that belong to a class of vulnerabilities
run, and then again where openat2(2) is blocked; then the guards go, one by one. The
exit status is 1 if a test fails or a mutant lives.

Flags:
`

func main() {
	if len(os.Args) > 2 && os.Args[1] == blockArgument {
		err := runWithoutOpenat2(os.Args[2:])
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(2)
	}
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), usage)
		flag.PrintDefaults()
	}
	pattern := flag.String("run", "", "only the mutants whose class and guard match `REGEXP`, such as ^V5, and the tests of their classes")
	list := flag.Bool("list", false, "print the classes, what tests them and the guards, and run nothing")
	flag.Parse()
	chosen, err := regexp.Compile(*pattern)
	if err != nil || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	good, err := run(chosen, *list)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
	}
	if err != nil || !good {
		os.Exit(1)
	}
}

// run tests or lists the chosen mutants, and reports whether all is well.
func run(chosen *regexp.Regexp, list bool) (bool, error) {
	root, err := os.Getwd()
	if err == nil {
		_, err = os.Stat(filepath.Join(root, "go.mod"))
	}
	if err != nil {
		return false, fmt.Errorf("not in a checkout's top folder: %w", err)
	}
	rows, err := rowsOf(root, chosen)
	if err != nil {
		return false, err
	}
	if len(rows) == 0 {
		return false, fmt.Errorf("-run %q chooses none; -list shows classes and guards", chosen)
	}
	if list {
		for _, row := range rows {
			row.list()
		}
		return true, nil
	}
	tests := &runner{root: root}
	if err := tests.whole(rows); err != nil {
		return false, err
	}
	caught, mutants, passed := 0, 0, 0
	for _, row := range rows {
		alive := 0
		for _, m := range row.mutants {
			begin := time.Now()
			verdict := "caught"
			if err := tests.try(m); err != nil {
				verdict = err.Error()
				alive++
			}
			fmt.Printf("%-4s %-62s %5.1fs %s\n", m.class, m.guard, time.Since(begin).Seconds(), verdict)
		}
		mutants += len(row.mutants)
		caught += len(row.mutants) - alive
		if tests.tell(row, alive) {
			passed++
		}
	}
	fmt.Printf("figure: guards whose removal is caught %d/%d\n", caught, mutants)
	fmt.Printf("figure: tests of V rows that pass %s\n", tests.with)
	fmt.Printf("figure: tests of V rows that pass without openat2 %s\n", tests.without)
	fmt.Printf("figure: V rows passed %d/%d\n", passed, len(rows))
	return passed == len(rows), nil
}
