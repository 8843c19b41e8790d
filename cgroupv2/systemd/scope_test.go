package systemd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/fsrun/fsrun/cgroupv2"
)

var web = Unit{Name: "fsrun-web.scope", Slice: "system.slice"}

// scope is a manager that makes the scope.
func scope(t *testing.T) *fakeBus {
	return newFakeBus(t).
		on("StartTransientUnit", job(7, jobDone)).
		on("StopUnit", job(8, jobDone)).
		on("GetUnit", reply(dbus.ObjectPath(managerPath+"/unit/fsrun_2dweb_2escope"))).
		on("Get", reply(dbus.MakeVariant("/system.slice/fsrun-web.scope")))
}

func TestStart(t *testing.T) {
	bus := scope(t)
	group, err := connect(t, false).Start(context.Background(), web, "fsrun container web", 4711, []Property{
		property("TimeoutStopUSec", uint64(5)), property("DefaultDependencies", true),
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := "/system.slice/fsrun-web.scope"; group != want {
		t.Errorf("the cgroup is %q, want %q", group, want)
	}
	asked := bus.of("StartTransientUnit")[0].Body
	if asked[0] != web.Name || asked[1] != "fail" {
		t.Errorf("asked for %v with the mode %v", asked[0], asked[1])
	}
	var got []string
	for _, pair := range asked[2].([][]any) {
		got = append(got, fmt.Sprint(pair...))
	}
	want := []string{
		`Description"fsrun container web"`, `Slice"system.slice"`, `Delegatetrue`, `PIDs@au [4711]`,
		`CPUAccountingtrue`, `IOAccountingtrue`, `MemoryAccountingtrue`, `TasksAccountingtrue`,
		`TasksMax@t 18446744073709551615`, `DefaultDependenciestrue`, `CollectMode"inactive-or-failed"`,
		`TimeoutStopUSec@t 5`,
	}
	if difference := cmp.Diff(want, got); difference != "" {
		t.Errorf("properties (-want +got):\n%s", difference)
	}
	if len(bus.matches) != 1 || !strings.Contains(bus.matches[0], "arg2='fsrun-web.scope'") {
		t.Errorf("the matches are %q, want one for this unit's jobs", bus.matches)
	}
	if len(bus.of("Subscribe")) != 1 {
		t.Error("the manager was not asked to send signals")
	}
}

func TestStartFails(t *testing.T) {
	for name, test := range map[string]struct {
		start answer
		parts []string
	}{
		"job failed":   {job(7, "failed"), []string{"/job/7", "start fsrun-web.scope", `"failed"`, "journalctl -u fsrun-web.scope"}},
		"job canceled": {job(7, "canceled"), []string{"/job/7", `"canceled"`}},
		"refused":      {refuse("org.freedesktop.DBus.Error.AccessDenied", "Permission denied"), []string{"StartTransientUnit fsrun-web.scope", "Permission denied", "XDG_RUNTIME_DIR"}},
		"name taken":   {refuse(errorUnitExists, "Unit fsrun-web.scope already exists."), []string{"already exists", "systemctl stop"}},
		"bus closed":   {func(p *peer, c call) { p.reply(c, jobPath(7)); p.conn.Close() }, []string{"/job/7", "closed the connection"}},
	} {
		t.Run(name, func(t *testing.T) {
			scope(t).on("StartTransientUnit", test.start)
			_, err := connect(t, false).Start(context.Background(), web, "", 1, nil)
			if err == nil {
				t.Fatal("the scope was started")
			}
			for _, part := range test.parts {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}

// A failed unit keeps its name in use until it is reset.
func TestStartOverFailed(t *testing.T) {
	bus := scope(t)
	bus.on("StartTransientUnit", func(p *peer, c call) {
		if len(bus.of("ResetFailedUnit")) == 0 {
			refuse(errorUnitExists, "Unit fsrun-web.scope was already loaded.")(p, c)
			return
		}
		job(9, jobDone)(p, c)
	})
	if _, err := connect(t, false).Start(context.Background(), web, "", 1, nil); err != nil {
		t.Error(err)
	}
}

// The error about a job that does not end names it, and says where to look.
func TestJobIsBounded(t *testing.T) {
	scope(t).on("StartTransientUnit", reply(jobPath(7)))
	ctx, cancel := context.WithTimeoutCause(context.Background(), time.Second, errors.New("waited for 1s"))
	defer cancel()
	_, err := connect(t, true).Start(ctx, web, "", 1, nil)
	var failure *JobError
	if !errors.As(err, &failure) || failure.Job != string(jobPath(7)) {
		t.Fatalf("%v, want an error about job 7", err)
	}
	for _, part := range []string{"start fsrun-web.scope", "waited for 1s", "systemctl --user list-jobs"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

func TestStop(t *testing.T) {
	for name, test := range map[string]struct {
		stop answer
		want string
	}{
		"runs":   {job(8, jobDone), ""},
		"gone":   {refuse(errorNoSuchUnit, "Unit fsrun-web.scope not loaded."), ""},
		"fails":  {job(8, "timeout"), "stop fsrun-web.scope"},
		"denied": {refuse(errorAccess, "Permission denied"), "Permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			bus := scope(t).on("StopUnit", test.stop).on("ResetFailedUnit", refuse(errorNoSuchUnit, "not loaded"))
			err := connect(t, false).Stop(context.Background(), web.Name)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
			if got := bus.of("StopUnit")[0].Body[1]; got != "replace" {
				t.Errorf("the mode is %v", got)
			}
		})
	}
}

func TestSet(t *testing.T) {
	bus := scope(t)
	manager := connect(t, false)
	if err := manager.Set(context.Background(), web.Name, nil); err != nil || len(bus.of("SetUnitProperties")) != 0 {
		t.Errorf("nothing to set: %v, %v", err, bus.of("SetUnitProperties"))
	}
	if err := manager.Set(context.Background(), web.Name, []Property{property("TasksMax", uint64(1))}); err != nil {
		t.Fatal(err)
	}
	body := bus.of("SetUnitProperties")[0].Body
	if fmt.Sprint(body[:2]) != "[fsrun-web.scope true]" {
		t.Errorf("called with %v", body)
	}
}

// The version is asked for only if something depends on it.
func TestTell(t *testing.T) {
	bus := scope(t).on("Get", reply(dbus.MakeVariant("252.39")))
	manager := connect(t, false)
	pids := cgroupv2.Setting{File: "pids.max", Value: "1"}
	if err := manager.Tell(context.Background(), web.Name, []cgroupv2.Setting{pids}); err != nil || len(bus.of("Get")) != 0 {
		t.Errorf("%v, %v", err, bus.of("Get"))
	}
	idle := cgroupv2.Setting{File: "cpu.idle", Value: "1"}
	if err := manager.Tell(context.Background(), web.Name, []cgroupv2.Setting{pids, idle}); err != nil || len(bus.of("Get")) != 1 {
		t.Errorf("%v, %v", err, bus.of("Get"))
	}
	told := bus.of("SetUnitProperties")
	if len(told) != 2 || len(told[0].Body[2].([][]any)) != 1 || len(told[1].Body[2].([][]any)) != 2 {
		t.Errorf("told %v", told)
	}
}

func TestVersion(t *testing.T) {
	for text, want := range map[string]int{"252.39-1~deb12u2": 252, "v255": 255, "249": 249, "rubbish": 0} {
		newFakeBus(t).on("Get", reply(dbus.MakeVariant(text)))
		got, err := connect(t, false).Version(context.Background())
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("%q is version %d, %v; want %d", text, got, err, want)
		}
	}
}
