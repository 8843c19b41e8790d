package cli

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// choice is a flag whose value is one of a list.
type choice struct {
	value   *string
	allowed []string
}

// Choice returns a flag value that stores one of the allowed strings.
func Choice(value *string, initial string, allowed ...string) pflag.Value {
	*value = initial
	return &choice{value, allowed}
}

func (c *choice) String() string { return *c.value }
func (c *choice) Type() string   { return "choice" }

// Allowed lists the allowed values.
func (c *choice) Allowed() []string { return c.allowed }

func (c *choice) Set(text string) error {
	if !slices.Contains(c.allowed, text) {
		return fmt.Errorf("allowed: %s", strings.Join(c.allowed, ", "))
	}
	*c.value = text
	return nil
}

// size is a flag whose value is a number of bytes, or -1 for no limit if that is allowed.
type size struct {
	value     **int64
	unlimited bool
}

// Size returns a flag value that stores a number of bytes: digits, and K, M, G or T for
// powers of 1024. The pointer stays nil until the flag is given.
func Size(value **int64) pflag.Value { return &size{value: value} }

// SizeLimit is Size, but also accepts -1 for no limit.
func SizeLimit(value **int64) pflag.Value { return &size{value: value, unlimited: true} }

func (s *size) String() string {
	if *s.value == nil {
		return ""
	}
	return strconv.FormatInt(**s.value, 10)
}

func (s *size) Type() string { return "size" }

func (s *size) Set(text string) error {
	bytes, err := ParseSize(text)
	switch {
	case err == nil:
	case s.unlimited && text == "-1":
		bytes = -1
	case s.unlimited:
		return fmt.Errorf("%w, or -1 for no limit", err)
	default:
		return err
	}
	*s.value = &bytes
	return nil
}

const units = "KMGT"

// ParseSize parses a number of bytes in the format of Size.
func ParseSize(text string) (int64, error) {
	const allowed = "a number of bytes, with K, M, G or T for powers of 1024, such as 64M"
	digits, shift := text, uint(0)
	if text != "" {
		last := len(text) - 1
		if unit := strings.Index(units, strings.ToUpper(text[last:])); unit >= 0 {
			digits, shift = text[:last], 10*uint(unit+1)
		}
	}
	count, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || count > math.MaxInt64>>shift {
		return 0, fmt.Errorf("allowed: %s", allowed)
	}
	return int64(count) << shift, nil
}
