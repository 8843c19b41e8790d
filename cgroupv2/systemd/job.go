package systemd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godbus/dbus/v5"
)

// JobTimeout is how long a job may take. systemd runs them one at a time, and a busy host
// has many, but a job that takes longer than this is stuck.
const JobTimeout = 30 * time.Second

// JobError says why a job did not end as it should.
type JobError struct {
	Job    string // the job's object path, such as /org/freedesktop/systemd1/job/1742
	What   string // start or stop
	Unit   string
	Result string // the manager's result; "" for a job that has not ended
	Err    error  // why the wait ended early
	User   bool
}

func (e *JobError) Error() string {
	if e.Result != "" {
		return fmt.Sprintf("systemd: the job %s (%s %s) ended with the result %q; %s", e.Job, e.What, e.Unit, e.Result, e.Hint())
	}
	return fmt.Sprintf("systemd: the job %s (%s %s) has not ended: %v; %s", e.Job, e.What, e.Unit, e.Err, e.Hint())
}

func (e *JobError) Unwrap() error { return e.Err }

// Hint returns only the remedy.
func (e *JobError) Hint() string {
	of := ""
	if e.User {
		of = " --user"
	}
	if e.Result != "" {
		return fmt.Sprintf("see journalctl%s -u %s", of, e.Unit)
	}
	return fmt.Sprintf("see systemctl%s list-jobs for what it waits for", of)
}

// jobDone is the result of a job that succeeded.
const jobDone = "done"

// jobs receives the manager's signals about the end of a unit's jobs.
type jobs struct {
	manager *Manager
	unit    string
	ends    chan *dbus.Signal
}

// watch subscribes to the end of a unit's jobs. It must come before the job is requested,
// which may end before its request is answered.
func (m *Manager) watch(ctx context.Context, unit string) (*jobs, error) {
	const jobRemoved, unitArgument = "JobRemoved", 2
	j := &jobs{manager: m, unit: unit, ends: make(chan *dbus.Signal, 8)}
	err := m.conn.AddMatchSignalContext(ctx,
		dbus.WithMatchSender(destination), dbus.WithMatchObjectPath(managerPath),
		dbus.WithMatchInterface(managerInterface), dbus.WithMatchMember(jobRemoved),
		dbus.WithMatchArg(unitArgument, unit))
	if err != nil {
		return nil, &CallError{Call: "AddMatch", Unit: unit, Err: err}
	}
	// The manager sends signals only while there is a subscriber.
	if err := m.call(ctx, "Subscribe", unit, nil); err != nil && !named(err, "org.freedesktop.systemd1.AlreadySubscribed") {
		return nil, err
	}
	m.conn.Signal(j.ends)
	return j, nil
}

// stop stops receiving them. The subscription ends with the connection, soon after.
func (j *jobs) stop() { j.manager.conn.RemoveSignal(j.ends) }

// wait waits until the job has ended.
func (j *jobs) wait(ctx context.Context, what string, job dbus.ObjectPath) error {
	failure := &JobError{Job: string(job), What: what, Unit: j.unit, User: j.manager.user}
	for {
		select {
		case <-ctx.Done():
			failure.Err = context.Cause(ctx)
			return failure
		case signal, open := <-j.ends:
			if !open {
				failure.Err = errors.New("the bus closed the connection")
				return failure
			}
			var number uint32
			var ended dbus.ObjectPath
			var unit, result string
			if dbus.Store(signal.Body, &number, &ended, &unit, &result) != nil || ended != job {
				continue
			}
			if result == jobDone {
				return nil
			}
			failure.Result = result
			return failure
		}
	}
}

// bound limits a context to the time that a job may take.
func bound(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, JobTimeout, fmt.Errorf("waited for %s", JobTimeout))
}
