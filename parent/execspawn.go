package parent

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/plan"
	"github.com/fsrun/fsrun/parent/spawn"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// spawn clones the child into the init's namespaces, and also into its cgroup if that has
// ample room: the child's runtime needs threads and memory that the container's limits need
// not allow.
func (j *joining) spawn(machine.Message) (machine.Event, error) {
	joins, err := j.namespaces()
	if err == nil {
		err = j.giveStdio()
	}
	if err != nil {
		return "", faulty(protocol.CodeSpawn, err)
	}
	watched, err := j.watched()
	if err == nil {
		defer closeDescriptor(&watched)
		err = j.noteTracer()
	}
	if err != nil {
		return "", faulty(protocol.CodeSpawn, err)
	}
	request := spawn.Request{Watched: watched, Cgroup: -1, Return: -1, Preserved: j.options.PreservedFDs, Stdio: j.options.Stdio}
	if affinity := j.options.Process.ExecCPUAffinity; affinity != nil {
		request.CPUs = bundle.CPUs(affinity.Initial)
	}
	if to := j.destination(); j.hasRoom(to) && (to == j.group || j.hasRoom(j.group)) {
		request.Cgroup = to.FD()
	}
	j.child, err = launch(&request, joins, j.socket)
	var begun *spawn.EntryError
	if j.inside = err == nil && request.Cgroup >= 0; err != nil && request.Cgroup >= 0 && !errors.As(err, &begun) {
		// The kernel has more reasons to refuse a birth in the cgroup than a move. If it
		// refuses the move too, its error will say why.
		request.Cgroup, request.Join = -1, nil
		j.child, err = launch(&request, joins, j.socket)
	}
	if err != nil {
		return "", faulty(protocol.CodeSpawn, err)
	}
	return machine.Done, faulty(protocol.CodeOperation, j.setOOMScore())
}

// setOOMScore sets the score of the child, which cannot open the file itself because it
// hides from everybody in the container.
func (j *joining) setOOMScore() error {
	score := j.options.Process.OOMScoreAdj
	if score == nil {
		return nil
	}
	err := os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", j.child.pid), []byte(strconv.Itoa(*score)), 0)
	if err != nil {
		return fmt.Errorf("process.oomScoreAdj: %w", err)
	}
	return nil
}

// namespaces returns the init's namespaces except for its mount namespace, which the child
// joins last and by itself.
func (j *joining) namespaces() ([]plan.Namespace, error) {
	if !j.container.Init.Alive() {
		return nil, ErrNotRunning
	}
	var joins []plan.Namespace
	for _, namespace := range bundle.Namespaces {
		if namespace.CloneFlag != unix.CLONE_NEWNS {
			joins = append(joins, plan.Namespace{
				Type: namespace.CloneFlag, Path: j.container.Namespaces[string(namespace.Type)], At: "exec",
			})
		}
	}
	return joins, nil
}
