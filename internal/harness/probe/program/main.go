// Program is the probe as a separate program, for test binaries that are not static.
package main

import "github.com/fsrun/fsrun/internal/harness/probe"

func main() { probe.Main() }
