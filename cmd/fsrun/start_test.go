package main

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

// mostAtInit bounds the memory of the package's variables, in bytes.
const mostAtInit = 1 << 20

// Every process in a test is this binary, including the child of a small container: the
// memory of the tests' variables is used at each start and charged to the container.
func TestVariablesAreSmall(t *testing.T) {
	self, err := os.Executable()
	must(t, err)
	command := exec.Command(self, "-test.run=^$")
	command.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	output, err := command.CombinedOutput()
	must(t, err)
	found := regexp.MustCompile(`init \S+/cmd/fsrun @.* ([0-9]+) bytes`).FindSubmatch(output)
	if found == nil {
		t.Fatalf("its initialization is not told: %s", output)
	}
	bytes, err := strconv.Atoi(string(found[1]))
	must(t, err)
	if bytes > mostAtInit {
		t.Errorf("the variables take %d bytes at each start, allowed are %d", bytes, mostAtInit)
	}
}
