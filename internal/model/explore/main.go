// Command explore explores the handshake and prints what it found: states, transitions,
// depth, the rows that were taken, and a path to whatever must never happen. If there is
// such a path, the exit status is 1.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/fsrun/fsrun/internal/model"
)

func main() {
	bug := flag.Int("bug", 0, "seed the bug of this `number` first; -bugs lists them")
	bugs := flag.Bool("bugs", false, "list the bugs that can be seeded")
	subject := flag.String("story", "", "print a counterexample as the conformance kit reads it, for this `SIDE`: parent or child")
	flag.Parse()
	if *bugs {
		for i, bug := range model.Bugs {
			fmt.Printf("%2d %s\n", i+1, bug.Name)
		}
		return
	}
	if *bug < 0 || *bug > len(model.Bugs) {
		fmt.Fprintf(os.Stderr, "explore: there is no bug %d; -bugs lists them\n", *bug)
		os.Exit(2)
	}
	if *subject != "" && *subject != "parent" && *subject != "child" {
		fmt.Fprintf(os.Stderr, "explore: -story %s: want parent or child\n", *subject)
		os.Exit(2)
	}
	good := true
	for capacity := range model.MaxCapacity + 1 {
		system := model.Runtime(capacity)
		if *bug > 0 {
			system = model.Bugs[*bug-1].With(system)
		}
		result, err := model.Explore(system)
		if err != nil {
			fmt.Fprintln(os.Stderr, "explore:", err)
			os.Exit(2)
		}
		switch found := result.Counterexample; {
		case *subject == "":
			fmt.Println(result)
		case found != nil:
			fmt.Print(found.Story(*subject))
			os.Exit(1)
		}
		good = good && result.Good()
	}
	if !good {
		os.Exit(1)
	}
}
