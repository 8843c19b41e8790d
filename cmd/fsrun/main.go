//go:debug updatemaxprocs=0

// Command fsrun is an OCI container runtime.
package main

import (
	"os"

	_ "github.com/fsrun/fsrun/child/first" // the binary contains both sides; argv[0] tells which one it is
	"github.com/fsrun/fsrun/internal/sys/boot"
)

func main() {
	boot.Settle()
	os.Exit(run(os.Args[1:]))
}
