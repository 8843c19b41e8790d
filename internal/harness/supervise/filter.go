package supervise

import (
	"encoding/binary"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// Answering returns a filter that gives some system calls an answer, a SECCOMP_RET_*, and
// allows all others.
func Answering(answer uint32, numbers ...uint32) []unix.SockFilter {
	return filter(answer, unix.SECCOMP_RET_ALLOW, numbers)
}

// AnsweringOthers returns a filter that allows some system calls and gives all others an
// answer.
func AnsweringOthers(answer uint32, numbers ...uint32) []unix.SockFilter {
	return filter(unix.SECCOMP_RET_ALLOW, answer, numbers)
}

func filter(answer, others uint32, numbers []uint32) []unix.SockFilter {
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}} // seccomp_data.nr
	for i, number := range numbers {
		filter = append(filter, unix.SockFilter{
			Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: number, Jt: uint8(len(numbers) - i),
		})
	}
	return append(filter,
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: others},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: answer})
}

// Install installs a filter on the calling thread and returns the result of seccomp(2): the
// listener, if the flags ask for one.
func Install(filter []unix.SockFilter, flags uintptr) (int, error) {
	var code []byte
	for _, instruction := range filter {
		code = binary.NativeEndian.AppendUint16(code, instruction.Code)
		code = append(code, instruction.Jt, instruction.Jf)
		code = binary.NativeEndian.AppendUint32(code, instruction.K)
	}
	var program sys.Program
	program.Must("seccomp", "", unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, program.Filter(code))
	err := program.Run()
	return int(program.Result()), err
}

// Blocked calls run on a thread for which the kernel answers a system call with an error.
// What run starts inherits that.
func Blocked(t testing.TB, number uint32, errno unix.Errno, run func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with its filter
		_, err := Install(Answering(unix.SECCOMP_RET_ERRNO|uint32(errno), number), 0)
		if err == nil {
			run()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal("seccomp:", err)
	}
}
