package conformance

import (
	"bufio"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The speakers of a story. The caller is whoever starts a created container.
const (
	Parent = "parent"
	Child  = "child"
	Caller = "caller"
)

// Case is one story.
type Case struct {
	Name    string
	About   string
	Musts   []string // the requirements that it tests
	Subject string   // the side under test: Parent or Child
	Root    bool     // requires root
	Slow    bool     // waits for a deadline that cannot be shortened
	Silent  bool     // waits for one of the subject's deadlines
	Mapped  bool     // for a parent: its child is in a new user namespace
	Lines   []Line
	// Patience is how long the subject may take over what needs no waiting; 0 means
	// DefaultPatience.
	Patience time.Duration
}

// Line is one thing that happens in a story.
type Line struct {
	Who  string
	What string // such as Hello maps, Fault malformed, closes, executes the program
}

// MaxLines bounds a story.
const MaxLines = 100

// mustID is the format of a requirement's number.
var mustID = regexp.MustCompile(`^M-[A-Z]+-[1-9][0-9]*$`)

// Parse reads a story about the subject.
func Parse(name, subject, text string) (Case, error) {
	c := Case{Name: name, Subject: subject}
	var about []string
	lines := bufio.NewScanner(strings.NewReader(text))
	for number := 1; lines.Scan(); number++ {
		first, rest, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		rest = strings.Join(strings.Fields(rest), " ")
		switch first {
		case "":
		case "#":
			about = append(about, rest)
		case "proves":
			c.Musts = append(c.Musts, strings.Fields(strings.ReplaceAll(rest, ",", " "))...)
		case "needs":
			if rest != "root" {
				return c, fmt.Errorf("%s:%d: needs %q; allowed is root", name, number, rest)
			}
			c.Root = true
		case "slow":
			c.Slow = true
		case Parent, Child, Caller:
			c.Lines = append(c.Lines, Line{first, rest})
		default:
			return c, fmt.Errorf("%s:%d: %q; a line begins with #, proves, needs, slow, parent, child or caller", name, number, first)
		}
	}
	c.About = strings.Join(about, " ")
	if len(c.Lines) == 0 || len(c.Lines) > MaxLines {
		return c, fmt.Errorf("%s: %d lines; allowed are 1 to %d", name, len(c.Lines), MaxLines)
	}
	for _, must := range c.Musts {
		if !mustID.MatchString(must) {
			return c, fmt.Errorf("%s: %q is not the identifier of a requirement", name, must)
		}
	}
	if len(c.Musts) == 0 {
		return c, fmt.Errorf("%s: proves nothing", name)
	}
	return c, nil
}

// String returns the story in the format that Parse reads.
func (c *Case) String() string {
	var text strings.Builder
	if c.About != "" {
		fmt.Fprintf(&text, "# %s\n", c.About)
	}
	fmt.Fprintf(&text, "proves %s\n", strings.Join(c.Musts, " "))
	if c.Root {
		text.WriteString("needs root\n")
	}
	if c.Slow {
		text.WriteString("slow\n")
	}
	for _, line := range c.Lines {
		fmt.Fprintf(&text, "%-6s %s\n", line.Who, line.What)
	}
	return text.String()
}

// speaks reports whether the line is the subject's.
func (c *Case) speaks(line Line) bool { return line.Who == c.Subject }

// Stories reads every story about a subject, from the directory of that name.
func Stories(from fs.FS, subject string) ([]Case, error) {
	names, err := fs.Glob(from, subject+"/*.txt")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var cases []Case
	for _, name := range names {
		text, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		story, err := Parse(strings.TrimSuffix(path.Base(name), ".txt"), subject, string(text))
		if err != nil {
			return nil, err
		}
		cases = append(cases, story)
	}
	return cases, nil
}
