// Rate tells how often the Go runtime samples allocations. It could write a profile, so
// that the linker does not turn sampling off.
package main

import (
	"fmt"
	"runtime"

	"github.com/fsrun/fsrun/internal/sys/boot"
)

func main() {
	boot.Settle()
	fmt.Println(runtime.MemProfileRate)
	runtime.MemProfile(nil, false)
}
