package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"github.com/fsrun/fsrun/internal/vm/debian"
)

const (
	qemuProgram = "qemu-system-x86_64"
	qemuPackage = "qemu-system-x86"
)

// kernelArguments make the kernel quiet and fast to boot under emulation, and end QEMU
// (with -no-reboot) if it panics.
const kernelArguments = "console=ttyS0 panic=-1 edd=off quiet mitigations=off nokaslr"

// consoleTailBytes is how much of the end of the console an error shows.
const consoleTailBytes = 8 << 10

// machine is a guest to boot.
type machine struct {
	accelerator    accelerator
	memory         int // MiB
	processors     int
	kernel, initrd string
	// disk is the path of the disk's image, or "" for none. Writes to it are dropped when
	// the machine ends.
	disk string
	// append is added to the kernel's command line.
	append []string
	// consoleLog is the file for the console's output.
	consoleLog string
	// interactive connects the console to this process's terminal.
	interactive bool
}

// ensureQEMU installs QEMU if it is missing.
func ensureQEMU(ctx context.Context, cache *debian.Cache) error {
	if _, err := exec.LookPath(qemuProgram); err == nil {
		return nil
	}
	if err := cache.Install(ctx, qemuPackage); err != nil {
		return fmt.Errorf("%s is missing: %w", qemuProgram, err)
	}
	_, err := exec.LookPath(qemuProgram)
	return err
}

func (m machine) arguments() []string {
	arguments := []string{
		"-machine", "q35", "-accel", m.accelerator.accel, "-cpu", m.accelerator.cpu,
		"-smp", fmt.Sprint(m.processors), "-m", fmt.Sprint(m.memory),
		"-nodefaults", "-display", "none", "-no-reboot",
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
		// The report: descriptor 3 is the first of ExtraFiles.
		"-chardev", "file,id=report,path=/dev/fd/3", "-serial", "chardev:report",
		"-kernel", m.kernel, "-initrd", m.initrd, "-append", strings.Join(append([]string{kernelArguments}, m.append...), " "),
	}
	if m.disk != "" {
		arguments = append(arguments,
			"-drive", "id=disk,if=none,format=raw,snapshot=on,cache=unsafe,file="+strings.ReplaceAll(m.disk, ",", ",,"),
			"-device", "virtio-blk-pci,drive=disk")
	}
	return arguments
}

// boot runs the machine until it powers off. It passes the report to read, which must
// return when the report ends; an error from read ends the machine. Any error shows the end
// of the console.
func (m machine) boot(ctx context.Context, read func(io.Reader) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	report, reportInput, err := os.Pipe()
	if err != nil {
		return err
	}
	defer report.Close()
	log, err := os.Create(m.consoleLog)
	if err != nil {
		return err
	}
	defer log.Close()
	var console tailWriter
	qemu := exec.CommandContext(ctx, qemuProgram, m.arguments()...)
	qemu.ExtraFiles = []*os.File{reportInput}
	qemu.Stdout = io.MultiWriter(&console, log)
	qemu.Stderr = qemu.Stdout
	if m.interactive {
		qemu.Stdin, qemu.Stdout = os.Stdin, os.Stdout
	}
	// A guest must not outlive this process.
	qemu.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}

	ended := make(chan error, 1)
	started := make(chan struct{})
	go func() {
		// The death signal is sent when the thread that forked ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := qemu.Start()
		close(started)
		if err == nil {
			err = qemu.Wait()
		}
		ended <- err
	}()
	<-started
	reportInput.Close()
	readError := read(report)
	if readError != nil {
		cancel(readError)
	}
	qemuError := <-ended
	if cause := context.Cause(ctx); cause != nil {
		qemuError = nil
		readError = errors.Join(explain(cause))
	}
	if err := errors.Join(readError, qemuError); err != nil {
		return fmt.Errorf("%w\n%s", err, console.describe())
	}
	return nil
}

func explain(cause error) error {
	if errors.Is(cause, context.DeadlineExceeded) {
		return errors.New("the guest did not end in time (-timeout)")
	}
	return cause
}

// tailWriter keeps the end of what is written to it.
type tailWriter struct {
	mutex sync.Mutex
	tail  []byte
}

func (w *tailWriter) Write(written []byte) (int, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.tail = append(w.tail, written...)
	if excess := len(w.tail) - consoleTailBytes; excess > 0 {
		w.tail = append(w.tail[:0], w.tail[excess:]...)
	}
	return len(written), nil
}

func (w *tailWriter) describe() string {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	text := strings.TrimSpace(string(bytes.ReplaceAll(w.tail, []byte("\r"), nil)))
	if text == "" {
		return "The console is empty."
	}
	return "The end of the console:\n\t" + strings.ReplaceAll(text, "\n", "\n\t")
}
