package main

import "fmt"

func decimal(n uint64) string { return fmt.Sprint(n) }

// count formats a number of things whose plural ends in s.
func count[N int | uint64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func mebibytes(n uint64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

func microseconds(n uint64) string { return fmt.Sprintf("%.3f s", float64(n)/1e6) }

// byteCount formats a size with the unit that makes it short.
func byteCount(bytes uint64) string {
	const units = "KMGTPE"
	if bytes < 1024 {
		return decimal(bytes)
	}
	value, unit := float64(bytes)/1024, 0
	for value >= 1024 && unit < len(units)-1 {
		value, unit = value/1024, unit+1
	}
	if value >= 100 {
		return fmt.Sprintf("%.0f%c", value, units[unit])
	}
	return fmt.Sprintf("%.1f%c", value, units[unit])
}
