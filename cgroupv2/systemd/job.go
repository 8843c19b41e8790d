package systemd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godbus/dbus/v5"
)

// JobTimeout is how long a job may take. systemd does one after the other, and a busy
// host has many: what takes longer than this is stuck.
const JobTimeout = 30 * time.Second

// JobError says what became of a job that did not end as it should.
type JobError struct {
	Job    string // its object path, such as /org/freedesktop/systemd1/job/1742
	What   string // start or stop
	Unit   string
	Result string // the manager's word, "" for a job that has not ended
	Err    error  // why it was not waited for any longer
	User   bool
}

func (e *JobError) Error() string {
	if e.Result != "" {
		return fmt.Sprintf("systemd: the job %s (%s %s) ended with the result %q; %s", e.Job, e.What, e.Unit, e.Result, e.Hint())
	}
	return fmt.Sprintf("systemd: the job %s (%s %s) has not ended: %v; %s", e.Job, e.What, e.Unit, e.Err, e.Hint())
}

func (e *JobError) Unwrap() error { return e.Err }

// Hint returns the remedy alone.
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

// jobDone is the result of a job that did what it should.
const jobDone = "done"

// jobs are the ends of jobs of a unit, as the manager tells them.
type jobs struct {
	manager *Manager
	unit    string
	ends    chan *dbus.Signal
}

// watch subscribes to the ends of a unit's jobs, before the job is asked for: it may
// end before the answer arrives.
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
	// The manager sends signals only while somebody is subscribed.
	if err := m.call(ctx, "Subscribe", unit, nil); err != nil && !named(err, "org.freedesktop.systemd1.AlreadySubscribed") {
		return nil, err
	}
	m.conn.Signal(j.ends)
	return j, nil
}

// stop hears no more of them. The subscription ends with the connection, which is
// soon.
func (j *jobs) stop() { j.manager.conn.RemoveSignal(j.ends) }

// wait waits until a job has ended.
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

// bound gives a context the bound of a job.
func bound(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, JobTimeout, fmt.Errorf("waited for %s", JobTimeout))
}
