package engine

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// daemonTime is how long a daemon may take until it answers.
const daemonTime = 2 * time.Minute

// Daemon is a process that serves the tests until the guest shuts down.
type Daemon struct {
	command *exec.Cmd
	log     string
	ended   chan error
}

// StartDaemon starts a daemon and waits until the command ask succeeds.
func StartDaemon(ask []string, arguments ...string) (*Daemon, error) {
	log, err := os.CreateTemp("", "daemon-")
	if err != nil {
		return nil, err
	}
	defer log.Close()
	daemon := &Daemon{
		command: exec.Command(arguments[0], arguments[1:]...),
		log:     log.Name(),
		ended:   make(chan error, 1),
	}
	daemon.command.Stdout, daemon.command.Stderr = log, log
	daemon.command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := daemon.command.Start(); err != nil {
		return nil, err
	}
	go func() { daemon.ended <- daemon.command.Wait() }()
	deadline := time.After(daemonTime)
	for exec.Command(ask[0], ask[1:]...).Run() != nil {
		select {
		case err := <-daemon.ended:
			return nil, fmt.Errorf("%s ended: %w\n%s", arguments[0], err, daemon.Log())
		case <-deadline:
			return nil, fmt.Errorf("%s does not answer after %s\n%s", arguments[0], daemonTime, daemon.Log())
		case <-time.After(300 * time.Millisecond):
		}
	}
	return daemon, nil
}

// Log returns everything that the daemon has printed.
func (d *Daemon) Log() string {
	text, err := os.ReadFile(d.log)
	return string(text) + errorText(err)
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
