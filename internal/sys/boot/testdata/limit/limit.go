// Limit tells the soft limit of open files that its caller gave it, and whether it had a
// lower one until its packages were initialized.
package main

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys/boot"
	"github.com/fsrun/fsrun/internal/sys/nofile"
)

func main() {
	boot.Settle()
	var now unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &now); err != nil {
		panic(err)
	}
	fmt.Println(nofile.Soft, nofile.Caller.Lowered, now.Cur)
}
