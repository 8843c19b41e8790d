package cgroupv2

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Commit writes the limits, reads every file back and returns what is now in force: the
// same settings, each with the file that was written, where the kernel has one of two, and
// with the value that the kernel shows. It is all or nothing: if the kernel refuses a
// limit, or shows a value that its own rounding does not explain, Commit restores what was
// in force before. The error is then a [*SettingError], a [*ControllerError] or, if the
// group's ancestors no longer hand down a controller, a [*StateError].
//
// What the kernel has done in the meantime, such as killing a process because of
// memory.max, cannot be undone.
func (g *Group) Commit(l Limits) ([]Setting, error) {
	standing, _, err := g.Update(l)
	return standing, err
}

// Update is [Group.Commit] for a caller that may have to revert it: undo restores what was
// in force before, as far as the kernel allows.
func (g *Group) Update(l Limits) (standing []Setting, undo func() error, err error) {
	if err := g.ensureControllers(l); err != nil {
		return nil, nil, err
	}
	if err := g.refuseBelowUsage(l); err != nil {
		return nil, nil, err
	}
	var done []change
	stands := make([]*Setting, len(l.items))
	for _, i := range restorableFirst(l.items) {
		got, change, err := g.apply(l, l.items[i])
		done = append(done, change...)
		if err != nil {
			return nil, nil, errors.Join(err, g.restore(done))
		}
		stands[i] = got
	}
	for _, setting := range stands {
		if setting != nil {
			standing = append(standing, *setting)
		}
	}
	if err := g.verifyCpuset(standing); err != nil {
		return nil, nil, errors.Join(err, g.restore(done))
	}
	return standing, func() error { return g.restore(done) }, nil
}

// restorableFirst is the order in which settings are written: those that cannot be undone
// come last, when nothing else can fail. Once a cgroup has a process, the kernel does not
// accept an empty cpuset (ENOSPC), though it may have been empty before.
func restorableFirst(items []item) []int {
	order := make([]int, 0, len(items))
	for _, last := range []bool{false, true} {
		for i, it := range items {
			if strings.HasPrefix(it.File, "cpuset.") == last {
				order = append(order, i)
			}
		}
	}
	return order
}

// change is a successful write together with the write that undoes it.
type change struct {
	file   string
	undoes string
}

// apply writes one setting and reads it back. It returns nil for an optional file that does
// not exist.
func (g *Group) apply(l Limits, it item) (*Setting, []change, error) {
	setting, found := g.choose(it)
	switch {
	case !found:
		return nil, nil, nil
	case g.dir.forbids(setting.File, reading):
		return g.applyBlind(setting)
	}
	f, err := g.dir.file(setting.File, unix.O_RDWR)
	if err != nil {
		return nil, nil, g.explainSetting(setting, err)
	}
	defer f.close()
	before, err := f.read()
	if err != nil {
		return nil, nil, g.explainSetting(setting, err)
	}
	done, err := g.makeRoom(l, setting)
	if err != nil {
		return nil, done, err
	}
	weight, err := g.keepWeight(setting)
	if done = append(done, weight...); err != nil {
		return nil, done, err
	}
	if err := f.write(setting.Value); err != nil {
		return nil, done, g.explainSetting(setting, err)
	}
	before = shown(setting.File, before, setting.Value)
	done = append(done, change{file: setting.File, undoes: undoing(setting.File, before, setting.Value)})
	after, err := f.read()
	if err != nil {
		return nil, done, g.explainSetting(setting, err)
	}
	stands := setting
	stands.Value = shown(setting.File, after, setting.Value)
	if it.stands != nil && !it.stands(setting.Value, stands.Value) {
		return nil, done, &SettingError{Setting: setting, Group: g.dir.path,
			Reason: fmt.Sprintf("the kernel took it and shows %q", stands.Value)}
	}
	return &stands, done, nil
}

// choose returns the setting with the file that this kernel has. If it has none, writing
// will fail, unless the setting is optional.
func (g *Group) choose(it item) (setting Setting, found bool) {
	switch {
	case it.instead == nil && !it.optional, g.dir.has(it.File):
		return it.Setting, true
	case it.optional:
		return Setting{}, false
	}
	return *it.instead, true
}

// Resolve returns the settings that [Group.Commit] will write: where the kernel has one of
// two files, the one that exists, and no optional file that does not. It enables the
// controllers that they need. The errors are those of Commit.
func (g *Group) Resolve(l Limits) ([]Setting, error) {
	if err := g.ensureControllers(l); err != nil {
		return nil, err
	}
	var settings []Setting
	for _, it := range l.items {
		if setting, found := g.choose(it); found {
			settings = append(settings, setting)
		}
	}
	return settings, nil
}

// applyBlind writes a file that cannot be read, such as memory.reclaim. There is nothing to
// restore.
func (g *Group) applyBlind(setting Setting) (*Setting, []change, error) {
	if err := g.dir.write(setting.File, setting.Value); err != nil {
		return nil, nil, g.explainSetting(setting, err)
	}
	return &setting, nil, nil
}

// makeRoom lowers a burst that will be replaced anyway before the quota is written: the
// kernel refuses a quota that is smaller than the current burst.
func (g *Group) makeRoom(l Limits, setting Setting) ([]change, error) {
	const burst = "cpu.max.burst"
	replaced := slices.ContainsFunc(l.items, func(it item) bool { return it.File == burst })
	if setting.File != "cpu.max" || !replaced {
		return nil, nil
	}
	quota, _, _ := strings.Cut(setting.Value, " ")
	limit, err := strconv.ParseUint(quota, 10, 64)
	if err != nil {
		return nil, nil // max
	}
	standing, err := g.dir.read(burst)
	if err != nil {
		return nil, g.explainSetting(setting, err)
	}
	if n, err := strconv.ParseUint(standing, 10, 64); err != nil || n <= limit {
		return nil, nil
	}
	if err := g.dir.write(burst, "0"); err != nil {
		return nil, g.explainSetting(setting, err)
	}
	return []change{{file: burst, undoes: standing}}, nil
}

// keepWeight arranges for the weight to be restored after cpu.idle is undone, because the
// kernel forgets the weight of a group that becomes idle. A group that is already idle
// shows 0 and has no weight to restore.
func (g *Group) keepWeight(setting Setting) ([]change, error) {
	if setting.File != "cpu.idle" {
		return nil, nil
	}
	const file, none = "cpu.weight", "0"
	weight, err := g.dir.read(file)
	if err != nil {
		return nil, g.explainSetting(setting, err)
	}
	if weight == none {
		return nil, nil
	}
	return []change{{file: file, undoes: weight}}, nil
}

// restore undoes changes, last first. It goes on after a failure, to restore as much as
// possible.
func (g *Group) restore(done []change) error {
	var failures []error
	for _, c := range slices.Backward(done) {
		if err := g.dir.write(c.file, c.undoes); err != nil {
			failures = append(failures, fmt.Errorf("restoring what stood before: %w", err))
		}
	}
	return errors.Join(failures...)
}

// ensureControllers makes sure that the group has the controllers. After Create it does,
// but an update may need others.
func (g *Group) ensureControllers(l Limits) error {
	need := l.Controllers()
	if len(need) == 0 {
		return nil
	}
	available, err := g.dir.fields("cgroup.controllers")
	if err != nil || len(without(need, available)) == 0 {
		return err
	}
	if err := g.tree.Check(l); err != nil {
		return err
	}
	for depth := range g.names {
		above, err := g.tree.walk(g.names[:depth])
		if err != nil {
			return err
		}
		err = g.tree.enable(above, l)
		if depth > 0 {
			above.close()
		}
		if errors.Is(err, fs.ErrPermission) {
			lacking := without(need, available)[0]
			return &ControllerError{Controller: lacking, Setting: l.needing(lacking), Tree: g.tree.root.path,
				Binding: Undelegated, Where: g.dir.path}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// refuseBelowUsage implements checkBeforeUpdate (config-linux.md, "Memory"): the kernel
// would enforce a limit below the current usage by killing.
func (g *Group) refuseBelowUsage(l Limits) error {
	if !l.checkUsage {
		return nil
	}
	index := slices.IndexFunc(l.items, func(it item) bool { return it.File == "memory.max" })
	if index < 0 {
		return nil
	}
	setting := l.items[index].Setting
	limit, err := strconv.ParseUint(setting.Value, 10, 64)
	if err != nil {
		return nil // max
	}
	content, err := g.dir.read("memory.current")
	if err != nil {
		return g.explainSetting(setting, err)
	}
	usage, err := strconv.ParseUint(content, 10, 64)
	if err != nil {
		return g.explainSetting(setting, err)
	}
	if usage > limit {
		return &SettingError{Setting: setting, Group: g.dir.path,
			Reason: fmt.Sprintf("the group uses %d bytes already", usage),
			Remedy: "free memory first, or set checkBeforeUpdate to false to have the kernel reclaim and kill"}
	}
	return nil
}

// verifyCpuset makes sure that the container runs only where it was allowed to. The kernel
// accepts a set that the groups above do not grant, and then uses theirs.
func (g *Group) verifyCpuset(standing []Setting) error {
	for _, setting := range standing {
		if (setting.File != "cpuset.cpus" && setting.File != "cpuset.mems") || setting.Value == "" {
			continue
		}
		effective, err := g.dir.read(setting.File + ".effective")
		if err != nil {
			return g.explainSetting(setting, err)
		}
		if !within(effective, setting.Value) {
			return &SettingError{Setting: setting, Group: g.dir.path,
				Reason: fmt.Sprintf("the kernel would use %q instead", effective),
				Remedy: "choose from what the groups above grant (" + setting.File + ".effective)"}
		}
	}
	return nil
}

// explainSetting adds what the kernel's refusal means for this file.
func (g *Group) explainSetting(setting Setting, err error) error {
	e := &SettingError{Setting: setting, Group: g.dir.path, Err: err}
	switch {
	case errors.Is(err, unix.ENOENT):
		e.Reason = "this kernel has no such file"
		e.Remedy = g.offered(setting)
	case errors.Is(err, unix.ENODEV) && setting.controller() == "io":
		e.Remedy = "name a whole disk that exists, not a partition (lsblk)"
	case g.dir.forbids(setting.File, writing):
		e.Remedy = "the kernel lets nobody write this file"
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		e.Remedy = delegationRemedy
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ERANGE):
		e.Remedy = "the value is out of the range or not in the form that the kernel takes (cgroup-v2.rst)"
	}
	return e
}

// offered names the existing files of the same controller.
func (g *Group) offered(setting Setting) string {
	var names []string
	prefix := setting.controller() + "."
	if err := g.dir.entries(collect(&names, prefix)); err != nil || len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return "it has " + strings.Join(names, " ")
}
