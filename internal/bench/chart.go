package main

import (
	"fmt"
	"strings"
)

// The chart's dimensions, in pixels.
const (
	chartLabels = 250  // the column of names
	chartScale  = 260  // a ratio of 1
	chartMost   = 1.75 // the ratio at which bars are cut off
	barHeight   = 12
	rowHeight   = barHeight + 10
	chartTop    = 56
)

// bar is one ratio in the chart.
type bar struct {
	label string
	ratio ratio
}

// chart draws the ratios of our wall times to those of the first peer.
func (r *result) chart() string {
	peer := r.firstPeer()
	var bars []bar
	for _, row := range r.Rows {
		for _, f := range row.Figures {
			if f.Contestant == peer && f.WallRatio != nil {
				bars = append(bars, bar{row.title(), *f.WallRatio})
			}
		}
	}
	width, height := chartLabels+int(chartScale*chartMost)+70, chartTop+len(bars)*rowHeight+24
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height, width, height)
	fmt.Fprintf(&out, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	fmt.Fprintf(&out, `<text x="10" y="20" font-size="14" font-weight="bold">fsrun's wall time divided by %s's: less is better</text>`+"\n", peer)
	fmt.Fprintf(&out, `<text x="10" y="38" fill="#555555">medians, with 95 %% confidence intervals from six rounds on; %s, %s</text>`+"\n", r.Date.Format("2006-01-02"), r.Machine)
	for i, b := range bars {
		b.draw(&out, chartTop+i*rowHeight)
	}
	one := chartLabels + chartScale
	fmt.Fprintf(&out, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="#222222" stroke-dasharray="4 3"/>`+"\n", one, chartTop-8, one, height-16)
	fmt.Fprintf(&out, `<text x="%d" y="%d" text-anchor="middle" fill="#555555">1</text>`+"\n</svg>\n", one, height-4)
	return out.String()
}

func (b bar) draw(out *strings.Builder, top int) {
	reach := func(value float64) int { return int(chartScale * min(value, chartMost)) }
	colour := "#2f7d4f"
	if b.ratio.Median > 1 {
		colour = "#b8563b"
	}
	middle := top + barHeight/2
	fmt.Fprintf(out, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", chartLabels-8, middle+4, b.label)
	fmt.Fprintf(out, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>`+"\n", chartLabels, top, reach(b.ratio.Median), barHeight, colour)
	end := reach(b.ratio.Median)
	if b.ratio.Confident {
		fmt.Fprintf(out, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="#222222"/>`+"\n",
			chartLabels+reach(b.ratio.Low), middle, chartLabels+reach(b.ratio.High), middle)
		end = max(end, reach(b.ratio.High))
	}
	fmt.Fprintf(out, `<text x="%d" y="%d">%.2f</text>`+"\n", chartLabels+end+6, middle+4, b.ratio.Median)
}

// firstPeer returns the first peer that is a runtime.
func (r *result) firstPeer() string {
	for _, c := range r.Contestants {
		if c.Name != ours && c.Name != floor {
			return c.Name
		}
	}
	return floor
}

// title is a row's name, and its condition unless that is the default.
func (r *row) title() string {
	if r.Condition == conditions[0].name {
		return r.Name
	}
	return r.Name + ", " + r.Condition
}
