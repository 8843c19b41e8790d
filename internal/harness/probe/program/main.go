// Program is the probe as a program of its own, for test binaries that are not
// static.
package main

import "github.com/fsrun/fsrun/internal/harness/probe"

func main() { probe.Main() }
