package draw

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fsrun/fsrun/internal/cli/style"
	"github.com/fsrun/fsrun/internal/recording"
)

// Options say how to draw.
type Options struct {
	Style style.Style
	// Width is the number of columns, at least MinWidth.
	Width int
	// Slowest is how many of the slowest steps to list.
	Slowest int
	// Parent is the name of the parent's column.
	Parent string
}

// MinWidth is the smallest width of a drawing.
const MinWidth = 72

const timeWidth = 9 // the column of times

// Timeline draws a recording.
func Timeline(to io.Writer, line *recording.Timeline, o Options) error {
	c := &canvas{Options: o, line: line}
	c.middle = (max(o.Width, MinWidth) - timeWidth - 2) * 5 / 9
	c.heading()
	c.lanes()
	c.slowest()
	c.failure()
	_, err := io.WriteString(to, c.text.String())
	return err
}

// canvas is a drawing under construction. The parent's lifeline is in its first column, the
// child's in the column middle.
type canvas struct {
	Options
	line   *recording.Timeline
	middle int
	text   strings.Builder
}

func (c *canvas) heading() {
	r := c.line.Recording
	title := fmt.Sprintf("fsrun %s %s", r.Verb, printable(r.Container))
	fmt.Fprintf(&c.text, "%s  %s  %s\n\n", c.Style.Bold(title), r.Began.Format("2006-01-02 15:04:05.000 MST"), Duration(r.Ended-min(r.At, r.Ended)))
	fmt.Fprintf(&c.text, "%*s  %s%s\n", timeWidth, "", c.Style.Bold(pad("parent", c.middle)), c.Style.Bold("child"))
}

// mark is a line in the drawing.
type mark struct {
	at    uint64
	order int // among marks at the same time
	draw  func()
}

// The order of marks at the same time: a frame is sent when the row is taken that leads to
// the next state.
const (
	frameFirst = iota
	stateSecond
)

func (c *canvas) lanes() {
	var marks []mark
	for _, span := range c.line.Spans {
		marks = append(marks, mark{span.From, stateSecond, func() { c.state(&span) }})
	}
	for _, arrow := range c.line.Arrows {
		marks = append(marks, mark{arrow.Left, frameFirst, func() { c.arrow(&arrow) }})
	}
	slices.SortStableFunc(marks, func(a, b mark) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.order, b.order))
	})
	for _, m := range marks {
		fmt.Fprintf(&c.text, "%s  ", c.Style.Dim(fmt.Sprintf("%*s", timeWidth, Duration(m.at))))
		m.draw()
	}
}

func (c *canvas) state(span *recording.Span) {
	label := fmt.Sprintf("%s %s%s", printable(span.Name), about(span), Duration(span.Took()))
	if span.Machine == c.Parent {
		label = cut(label, c.middle-3)
		fmt.Fprintf(&c.text, "│ %s%s│\n", c.emphasis(span, label), strings.Repeat(" ", c.middle-2-width(label)))
		return
	}
	fmt.Fprintf(&c.text, "│%s│ %s\n", strings.Repeat(" ", c.middle-1), c.emphasis(span, label))
}

// about marks what was not measured but inferred.
func about(span *recording.Span) string {
	if span.Inferred {
		return "~"
	}
	return ""
}

// emphasis dims the label of a span spent waiting.
func (c *canvas) emphasis(span *recording.Span, label string) string {
	if span.Waiting {
		return c.Style.Dim(label)
	}
	return label
}

func (c *canvas) arrow(arrow *recording.Arrow) {
	label := fmt.Sprintf(" %s, %d bytes ", arrow.Kind, arrow.Bytes)
	room := c.middle - 2 - width(label)
	left := strings.Repeat("─", room/2)
	right := strings.Repeat("─", room-room/2)
	if arrow.FromParent {
		fmt.Fprintf(&c.text, "├%s%s%s▶│\n", left, c.Style.Accent(label), right)
	} else {
		fmt.Fprintf(&c.text, "│◀%s%s%s┤\n", left, c.Style.Accent(label), right)
	}
}

func (c *canvas) slowest() {
	slow := c.line.Slowest(c.Slowest)
	if len(slow) == 0 {
		return
	}
	const barWidth = 16
	whole := c.line.Recording.Ended - min(c.line.Recording.At, c.line.Recording.Ended)
	c.text.WriteString("\n" + c.Style.Bold("What took longest") + "\n")
	for i := range slow {
		share := float64(slow[i].Took()) / float64(max(whole, 1))
		cells := min(int(share*barWidth+0.5), barWidth)
		fmt.Fprintf(&c.text, "%*s  %3.0f%%  %s  %-6s  %s\n", timeWidth+1, about(&slow[i])+Duration(slow[i].Took()), 100*share,
			c.Style.Accent(pad(strings.Repeat("█", cells), barWidth)), slow[i].Machine, printable(slow[i].Name))
	}
	if c.line.Recording.LeftOut > 0 {
		fmt.Fprintf(&c.text, "\n%d steps or operations are not in the recording.\n", c.line.Recording.LeftOut)
	}
	if c.line.Unknown != nil {
		fmt.Fprintf(&c.text, "\nThe child's way is not drawn: %s\n", c.line.Unknown)
	}
}

func (c *canvas) failure() {
	f := c.line.Recording.Fault
	if f == nil {
		return
	}
	parts := []string{"code " + f.Code, "machine " + f.Machine, "state " + f.State}
	for _, part := range []struct{ name, value string }{
		{"awaited", f.Awaited}, {"operation", f.Op}, {"config.json", f.Path}, {"system call", f.Call}, {"object", f.Object},
	} {
		if part.value != "" {
			parts = append(parts, part.name+" "+part.value)
		}
	}
	if f.Errno != 0 {
		parts = append(parts, "error "+errnoName(f.Errno))
	}
	fmt.Fprintf(&c.text, "\n%s %s\n", c.Style.Bad("Failed:"), printable(strings.Join(parts, ", ")))
}

// Duration formats nanoseconds with three significant digits.
func Duration(nanoseconds uint64) string {
	switch d := time.Duration(min(nanoseconds, 1<<62)); {
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%.3f ms", float64(d)/1e6)
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f ms", float64(d)/1e6)
	default:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
}

func width(text string) int { return utf8.RuneCountInString(text) }

func pad(text string, columns int) string {
	return text + strings.Repeat(" ", max(columns-width(text), 0))
}

// cut shortens a text to a number of columns.
func cut(text string, columns int) string {
	if width(text) <= columns {
		return text
	}
	runes := []rune(text)
	return string(runes[:columns-1]) + "…"
}
