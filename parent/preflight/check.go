package preflight

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// Result is what a check found.
type Result string

// The results.
const (
	Holds   Result = "ok"
	Lacks   Result = "lacks"
	Unknown Result = "unknown" // it cannot be determined in advance
)

// Check is one thing that was checked.
type Check struct {
	// Name says what was checked, and Object which one.
	Name   string `json:"name"`
	Object string `json:"object,omitempty"`
	// From is the JSON path in config.json that needs it.
	From   string `json:"config,omitempty"`
	Result Result `json:"result"`
	// Found is what there is instead or in addition.
	Found string `json:"found,omitempty"`
	// Hint is the remedy.
	Hint string `json:"hint,omitempty"`
	// Optional: without it fsrun works, but not for every bundle.
	Optional bool `json:"optional,omitempty"`
}

// Failed reports whether a check that is not optional does not hold.
func Failed(checks []Check) bool {
	for i := range checks {
		if checks[i].Result == Lacks && !checks[i].Optional {
			return true
		}
	}
	return false
}

// judge turns an error into a check; nil means that it holds.
func judge(name, object, from string, err error) Check {
	c := Check{Name: name, Object: object, From: from, Result: Holds}
	if err == nil {
		return c
	}
	c.Result, c.Found = Lacks, err.Error()
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		c.Hint = hinted.Hint()
		c.Found = strings.TrimSuffix(strings.TrimSuffix(c.Found, c.Hint), "; ")
	}
	return c
}

// remedy adds a hint to a check that does not hold, unless it has one.
func (c Check) remedy(format string, arguments ...any) Check {
	if c.Result != Holds && c.Hint == "" {
		c.Hint = fmt.Sprintf(format, arguments...)
	}
	return c
}

// noting adds what was found to a check that holds.
func (c Check) noting(format string, arguments ...any) Check {
	if c.Result == Holds {
		c.Found = fmt.Sprintf(format, arguments...)
	}
	return c
}

func (c Check) optional() Check {
	c.Optional = true
	return c
}

// readTrimmed reads a small file from the kernel.
func readTrimmed(name string) (string, error) {
	content, err := os.ReadFile(name)
	return strings.TrimSpace(string(content)), err
}
