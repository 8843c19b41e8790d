package model

import (
	"fmt"
	"testing"
)

// seed explores the system with each of the bugs and counts those that are found.
func seed(t *testing.T, bugs []Bug) string {
	t.Helper()
	caught := 0
	for _, bug := range bugs {
		if find(t, bug) == "" {
			t.Errorf("%s: is not caught", bug.Name)
			continue
		}
		caught++
	}
	return fmt.Sprintf("%d/%d", caught, len(bugs))
}

// find returns what a bug violates, "" if nothing.
func find(t *testing.T, bug Bug) string {
	t.Helper()
	for _, brief := range []bool{true, false} { // nearly all are found in a brief exploration
		system := bug.With(Runtime(1))
		system.Brief = brief
		result, err := Explore(system)
		switch {
		case err != nil:
			t.Fatal(err)
		case result.Counterexample != nil:
			return result.Counterexample.Wrong
		case result.Idle != nil && !brief:
			return fmt.Sprintf("rows that never fire: %v", result.Idle)
		}
	}
	return ""
}
