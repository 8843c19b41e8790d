package child

import (
	"os"
	"strings"
	"testing"
)

func TestFormatOf(t *testing.T) {
	header := func(class, data byte, machine string) string {
		return "\x7fELF" + string([]byte{class, data}) + strings.Repeat("\x00", 12) + machine
	}
	for head, want := range map[string]string{
		"":                       "it is empty",
		"echo hello\n":           "it is text without a #! line that names its interpreter",
		"#!/bin/sh\n":            "",
		"\x00\x01data":           "",
		"\xff\xfetext":           "",
		"\x7fELF":                "",
		header(2, 2, "\x00\x16"): "it is a program for s390x, and this machine is ",
		header(1, 1, "\x28\x00"): "it is a program for arm, and this machine is ",
		header(2, 1, "\x34\x12"): "it is a program for ELF machine 4660, and this machine is ",
	} {
		if got := formatOf([]byte(head)); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%q: %q, want %q", head, got, want)
		}
	}
	own, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if got := formatOf(own[:headSize]); got != "" {
		t.Errorf("this program: %s", got)
	}
}
