package crio

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/engines/engine"
)

// told is what conmon writes to its pipe: the container's process, or how an executed
// process ended, or why there is none.
type told struct {
	PID      int    `json:"pid"`
	ExitCode int    `json:"exit_code"`
	Message  string `json:"message"`
}

// answerTime is how long conmon may take until it writes that.
const answerTime = 2 * time.Minute

// create makes conmon create the container, with additional options.
func (c *container) create(options ...string) told {
	c.t.Helper()
	return c.conmon(append([]string{
		"--bundle", c.directory, "--container-pidfile", filepath.Join(c.directory, "pid"),
		"--log-path", "k8s-file:" + filepath.Join(c.directory, "log"),
		"--exit-dir", exits, "--persist-dir", c.directory,
	}, options...)...)
}

// exec makes conmon execute a process in the container to its end, and returns its output
// and status.
func (c *container) exec(process specs.Process) (output string, result told) {
	c.t.Helper()
	file := filepath.Join(c.t.TempDir(), "process.json")
	writeJSON(c.t, file, process)
	log := filepath.Join(c.t.TempDir(), "log")
	result = c.conmon("--exec", "--exec-process-spec", file, "--log-path", "k8s-file:"+log,
		"--container-pidfile", filepath.Join(c.t.TempDir(), "pid"))
	return readLog(log), result
}

// conmon starts conmon as CRI-O does, and returns what it writes. Its descriptor 3 is one
// end of a pipe. It begins once something is written to its descriptor 4, by which time
// CRI-O has moved it to its cgroup.
func (c *container) conmon(arguments ...string) told {
	c.t.Helper()
	answer, tell := openPipe(c.t)
	begin, proceed := openPipe(c.t)
	command := exec.Command("conmon", append([]string{
		"--cid", c.id, "--cuuid", c.id, "--name", c.id, "--runtime", engine.Runtime, "--runtime-arg", "--root=" + stateRoot,
		"--socket-dir-path", sockets, "--log-level", "debug",
	}, arguments...)...)
	command.Env = append(os.Environ(), "_OCI_SYNCPIPE=3", "_OCI_STARTPIPE=4")
	command.ExtraFiles = []*os.File{tell, begin}
	said, err := os.Create(filepath.Join(c.t.TempDir(), "conmon"))
	if err != nil {
		c.t.Fatal(err)
	}
	defer said.Close()
	command.Stderr = said
	if err := command.Start(); err != nil {
		c.t.Fatal(err)
	}
	tell.Close()
	begin.Close()
	if _, err := proceed.WriteString("0"); err != nil {
		c.t.Fatal(err)
	}
	proceed.Close()
	// It continues in another process.
	if err := command.Wait(); err != nil {
		c.t.Fatalf("conmon: %v", err)
	}
	if err := answer.SetReadDeadline(time.Now().Add(answerTime)); err != nil {
		c.t.Fatal(err)
	}
	var result told
	if err := json.NewDecoder(answer).Decode(&result); err != nil {
		complaint, readError := os.ReadFile(said.Name())
		c.t.Fatalf("conmon tells nothing: %v; it says: %s (%v)", err, complaint, readError)
	}
	return result
}

func openPipe(t *testing.T) (read, write *os.File) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { read.Close(); write.Close() })
	return read, write
}

// ended waits until conmon has written how the container ended.
func (c *container) ended() int {
	c.t.Helper()
	var status int
	engine.Eventually(c.t, "conmon has written the exit code", func() bool {
		text, err := os.ReadFile(filepath.Join(exits, c.id))
		if err != nil {
			return false
		}
		status, err = strconv.Atoi(string(text))
		return err == nil
	})
	return status
}
