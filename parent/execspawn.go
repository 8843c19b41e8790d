package parent

import (
	"errors"

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
	request := spawn.Request{Watched: watched, Cgroup: -1, Return: -1, Preserved: j.options.PreservedFDs, Near: true, Stdio: j.options.Stdio}
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
	if err := j.giveStdio(); err != nil {
		return "", faulty(protocol.CodeSpawn, err)
	}
	return machine.Done, faulty(protocol.CodeOperation, j.child.setOOMScore(j.options.Process.OOMScoreAdj))
}

// namespaces returns the init's namespaces, except for its mount namespace, which the child
// joins last and by itself, and its user namespace: the child joins the container's.
func (j *joining) namespaces() (joins []plan.Namespace, err error) {
	if !j.container.Init.Alive() {
		return nil, ErrNotRunning
	}
	if j.users, err = openUsers(j.container); err != nil {
		return nil, err
	}
	for _, namespace := range bundle.Namespaces {
		path := j.container.Namespaces[string(namespace.Type)]
		switch namespace.CloneFlag {
		case unix.CLONE_NEWNS:
			continue
		case unix.CLONE_NEWUSER:
			path = j.users.path()
		}
		joins = append(joins, plan.Namespace{Type: namespace.CloneFlag, Path: path, At: "exec"})
	}
	return joins, nil
}
