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
	Format string // why the kernel may not know the file's format, "" if it should
}

// programs are the executions that are tried, one for each place of PATH that may
// have the program. Which of them the program's user may execute is not known
// before he is the user.
type programs struct {
	calls   sys.Program // an execve for each
	formats []string
}

func (p *programs) compile(e Execution) {
	arguments, environment := p.calls.Strings(e.Arguments), p.calls.Strings(e.Environment)
	for _, program := range e.Programs {
		p.calls.Must("execve", program.Path, unix.SYS_EXECVE, p.calls.String(program.Path), arguments, environment)
		p.formats = append(p.formats, program.Format)
	}
}

// passedOver are the answers at which execvp(3) goes on to the next place.
var passedOver = []syscall.Errno{unix.EACCES, unix.ENOENT, unix.ENOTDIR}

// execute executes the first program that the kernel agrees to. It returns only if
// there is none: with what was forbidden, as execvp(3) does, or else with what
// failed first. It takes no memory before that.
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

// explain adds what was seen of the program to the kernel's word that it does not
// know its format.
func (p *programs) explain(program int, fault *protocol.Fault) *protocol.Fault {
	if format := p.formats[program]; fault.Errno == unix.ENOEXEC && format != "" {
		fault.Detail = "execve " + fault.Object + ": " + fault.Errno.Error() + ": " + format
	}
	return fault
}
