package handoff

import (
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/protocol"
)

// Program is a file that may be the program.
type Program struct {
	Path   string
	Format string // why the kernel may not recognize the file's format; "" if it should
}

// programs are the executions to try, one for each directory in PATH that may have the
// program. Which of them the program's user may execute is not known until the child is
// that user.
type programs struct {
	calls   sys.Program // one execve each
	formats []string
}

func (p *programs) compile(e Execution) {
	arguments, environment := p.calls.Strings(e.Arguments), p.calls.Strings(e.Environment)
	for _, program := range e.Programs {
		p.calls.Must("execve", program.Path, unix.SYS_EXECVE, p.calls.String(program.Path), arguments, environment)
		p.formats = append(p.formats, program.Format)
	}
}

// passedOver lists the errors after which execvp(3) tries the next directory.
var passedOver = []syscall.Errno{unix.EACCES, unix.ENOENT, unix.ENOTDIR}

// execute executes the first program that the kernel accepts. If there is none it returns a
// fault: about a permission that was denied, as execvp(3) does, or else about the first
// failure. Until then it allocates nothing.
func (p *programs) execute() *protocol.Fault {
	told, errno := 0, syscall.Errno(0)
	for i := range p.formats {
		failed := p.calls.Call(i)
		isLast := !slices.Contains(passedOver, failed)
		if i == 0 || isLast || failed == unix.EACCES && errno != unix.EACCES {
			told, errno = i, failed
		}
		if isLast {
			break
		}
	}
	return p.explain(told, explain(p.calls.Failure(told, errno)))
}

// explain adds what is known about the program if the kernel did not recognize its format.
func (p *programs) explain(program int, fault *protocol.Fault) *protocol.Fault {
	if format := p.formats[program]; fault.Errno == unix.ENOEXEC && format != "" {
		fault.Detail = "execve " + fault.Object + ": " + fault.Errno.Error() + ": " + format
	}
	return fault
}
