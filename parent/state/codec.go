package state

import (
	"maps"
	"slices"
	"strconv"
	"time"

	json "github.com/fsrun/fsrun/parent/bundle/strictjson"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// field binds a name in a record to functions that read and write its value.
type field[T any] struct {
	name  string
	read  func(*json.Decoder, *T)
	write func([]byte, *T) []byte
}

// containerFields is the format of state.json. The last laterFields of them are missing
// from a container that an older fsrun has created: it must survive an upgrade.
var containerFields = [...]field[Container]{
	{"ociVersion",
		func(d *json.Decoder, c *Container) { json.String(d, &c.OCIVersion) },
		func(b []byte, c *Container) []byte { return json.AppendString(b, c.OCIVersion) }},
	{"id",
		func(d *json.Decoder, c *Container) { json.String(d, &c.ID) },
		func(b []byte, c *Container) []byte { return json.AppendString(b, c.ID) }},
	{"pid",
		func(d *json.Decoder, c *Container) { json.Integer(d, &c.Init.PID) },
		func(b []byte, c *Container) []byte { return strconv.AppendInt(b, int64(c.Init.PID), 10) }},
	{"pidStartTime",
		func(d *json.Decoder, c *Container) { json.Integer(d, &c.Init.StartTime) },
		func(b []byte, c *Container) []byte { return strconv.AppendUint(b, c.Init.StartTime, 10) }},
	{"bundle",
		func(d *json.Decoder, c *Container) { json.String(d, &c.Bundle) },
		func(b []byte, c *Container) []byte { return json.AppendString(b, c.Bundle) }},
	{"rootfs",
		func(d *json.Decoder, c *Container) { json.String(d, &c.Rootfs) },
		func(b []byte, c *Container) []byte { return json.AppendString(b, c.Rootfs) }},
	{"created",
		func(d *json.Decoder, c *Container) { readTime(d, &c.Created) },
		func(b []byte, c *Container) []byte { return json.AppendString(b, formatTime(c.Created)) }},
	{"owner",
		func(d *json.Decoder, c *Container) { json.Integer(d, &c.Owner) },
		func(b []byte, c *Container) []byte { return strconv.AppendUint(b, uint64(c.Owner), 10) }},
	{"cgroup",
		func(d *json.Decoder, c *Container) { json.String(d, &c.Cgroup) },
		func(b []byte, c *Container) []byte { return json.AppendString(b, c.Cgroup) }},
	{"cgroupMount",
		func(d *json.Decoder, c *Container) { json.String(d, &c.CgroupMount) },
		func(b []byte, c *Container) []byte { return json.AppendString(b, c.CgroupMount) }},
	{"unit",
		func(d *json.Decoder, c *Container) { json.String(d, &c.Unit) },
		func(b []byte, c *Container) []byte { return json.AppendString(b, c.Unit) }},
	{"userUnit",
		func(d *json.Decoder, c *Container) { json.Bool(d, &c.UserUnit) },
		func(b []byte, c *Container) []byte { return strconv.AppendBool(b, c.UserUnit) }},
	{"ownPIDNamespace",
		func(d *json.Decoder, c *Container) { json.Bool(d, &c.OwnPIDNamespace) },
		func(b []byte, c *Container) []byte { return strconv.AppendBool(b, c.OwnPIDNamespace) }},
	{"namespaces",
		func(d *json.Decoder, c *Container) { json.Map(d, &c.Namespaces, json.String) },
		func(b []byte, c *Container) []byte { return appendMap(b, c.Namespaces) }},
	{"limits",
		func(d *json.Decoder, c *Container) { json.Map(d, &c.Limits, json.String) },
		func(b []byte, c *Container) []byte { return appendMap(b, c.Limits) }},
	{"deviceProgram",
		func(d *json.Decoder, c *Container) { json.Integer(d, &c.DeviceProgram) },
		func(b []byte, c *Container) []byte { return strconv.AppendUint(b, uint64(c.DeviceProgram), 10) }},
	{"stdio",
		func(d *json.Decoder, c *Container) { json.List(d, &c.Stdio, json.String) },
		func(b []byte, c *Container) []byte { return appendStrings(b, c.Stdio) }},
	{"startSocket",
		func(d *json.Decoder, c *Container) { json.String(d, &c.StartSocket) },
		func(b []byte, c *Container) []byte { return json.AppendString(b, c.StartSocket) }},
	{"seccompAgent",
		func(d *json.Decoder, c *Container) { json.String(d, &c.SeccompAgent) },
		func(b []byte, c *Container) []byte { return json.AppendString(b, c.SeccompAgent) }},
	{"annotations",
		func(d *json.Decoder, c *Container) { json.Map(d, &c.Annotations, json.String) },
		func(b []byte, c *Container) []byte { return appendMap(b, c.Annotations) }},
	{"poststart",
		func(d *json.Decoder, c *Container) { json.List(d, &c.Poststart, readHook) },
		func(b []byte, c *Container) []byte { return appendList(b, c.Poststart, appendHook) }},
	{"poststop",
		func(d *json.Decoder, c *Container) { json.List(d, &c.Poststop, readHook) },
		func(b []byte, c *Container) []byte { return appendList(b, c.Poststop, appendHook) }},
	{"callersKeyring",
		func(d *json.Decoder, c *Container) { json.Bool(d, &c.CallersKeyring) },
		func(b []byte, c *Container) []byte { return strconv.AppendBool(b, c.CallersKeyring) }},
	{"startDeadlineMilliseconds",
		func(d *json.Decoder, c *Container) { readMilliseconds(d, &c.StartDeadline) },
		func(b []byte, c *Container) []byte { return strconv.AppendInt(b, c.StartDeadline.Milliseconds(), 10) }},
	{"userNamespace",
		func(d *json.Decoder, c *Container) { json.Integer(d, &c.UserNamespace) },
		func(b []byte, c *Container) []byte { return strconv.AppendUint(b, c.UserNamespace, 10) }},
}

const laterFields = 3

var hookFields = [...]field[specs.Hook]{
	{"path",
		func(d *json.Decoder, h *specs.Hook) { json.String(d, &h.Path) },
		func(b []byte, h *specs.Hook) []byte { return json.AppendString(b, h.Path) }},
	{"args",
		func(d *json.Decoder, h *specs.Hook) { json.List(d, &h.Args, json.String) },
		func(b []byte, h *specs.Hook) []byte { return appendStrings(b, h.Args) }},
	{"env",
		func(d *json.Decoder, h *specs.Hook) { json.List(d, &h.Env, json.String) },
		func(b []byte, h *specs.Hook) []byte { return appendStrings(b, h.Env) }},
	{"timeout",
		func(d *json.Decoder, h *specs.Hook) { json.Pointer(d, &h.Timeout, json.Integer) },
		func(b []byte, h *specs.Hook) []byte {
			if h.Timeout == nil {
				return append(b, "null"...)
			}
			return strconv.AppendInt(b, int64(*h.Timeout), 10)
		}},
}

func readHook(d *json.Decoder, h *specs.Hook)        { readRecord(d, h, hookFields[:], 0) }
func appendHook(buffer []byte, h *specs.Hook) []byte { return appendRecord(buffer, h, hookFields[:]) }
func readContainer(d *json.Decoder, c *Container)    { readRecord(d, c, containerFields[:], laterFields) }
func appendContainer(buffer []byte, c *Container) []byte {
	return append(appendRecord(buffer, c, containerFields[:]), '\n')
}

// readRecord requires every name in the table except the last ones, as many as later says:
// only this package writes records, so one that lacks a name is damaged.
func readRecord[T any](d *json.Decoder, into *T, fields []field[T], later int) {
	found, wanted := 0, len(fields)-later
	d.Members(func(name string) {
		at := slices.IndexFunc(fields, func(f field[T]) bool { return f.name == name })
		if at < 0 {
			d.Skip()
			return
		}
		if at < wanted {
			found++
		}
		if !d.Null() {
			fields[at].read(d, into)
		}
	})
	if found < wanted {
		d.Fail("has "+strconv.Itoa(found)+" of its "+strconv.Itoa(wanted)+" properties", "all of them")
	}
}

func appendRecord[T any](buffer []byte, from *T, fields []field[T]) []byte {
	for i := range fields {
		buffer = appendSeparator(buffer, i, '{')
		buffer = append(json.AppendString(buffer, fields[i].name), ':')
		buffer = fields[i].write(buffer, from)
	}
	return append(buffer, '}')
}

func appendList[T any](buffer []byte, values []T, write func([]byte, *T) []byte) []byte {
	if values == nil {
		return append(buffer, "null"...)
	}
	if len(values) == 0 {
		return append(buffer, "[]"...)
	}
	for i := range values {
		buffer = write(appendSeparator(buffer, i, '['), &values[i])
	}
	return append(buffer, ']')
}

func appendStrings(buffer []byte, values []string) []byte {
	return appendList(buffer, values, func(b []byte, s *string) []byte { return json.AppendString(b, *s) })
}

// appendMap sorts the names, so that equal records have equal bytes.
func appendMap(buffer []byte, values map[string]string) []byte {
	if values == nil {
		return append(buffer, "null"...)
	}
	if len(values) == 0 {
		return append(buffer, "{}"...)
	}
	for i, name := range slices.Sorted(maps.Keys(values)) {
		buffer = append(json.AppendString(appendSeparator(buffer, i, '{'), name), ':')
		buffer = json.AppendString(buffer, values[name])
	}
	return append(buffer, '}')
}

func appendSeparator(buffer []byte, i int, opening byte) []byte {
	if i == 0 {
		return append(buffer, opening)
	}
	return append(buffer, ',')
}

func readMilliseconds(d *json.Decoder, into *time.Duration) {
	var milliseconds int64
	json.Integer(d, &milliseconds)
	*into = time.Duration(milliseconds) * time.Millisecond
}

func readTime(d *json.Decoder, into *time.Time) {
	var text string
	json.String(d, &text)
	if d.Failed() {
		return
	}
	parsed, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || formatTime(parsed) != text {
		d.Fail(json.Quote(text), "a time of RFC 3339 in UTC")
		return
	}
	*into = parsed
}

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
