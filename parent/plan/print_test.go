package plan

import (
	"fmt"
	"reflect"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/protocol"
)

// maxShown is how many bytes of a long string a golden file shows.
const maxShown = 80

// print formats a plan for people: its namespaces, then a line for each operation with its
// index, the fields that are set, and the JSON path that it comes from.
func print(p *Plan, show func(protocol.Op) bool) string {
	var text strings.Builder
	fmt.Fprintf(&text, "new %s\n", list(names(p.New, cloneFlags)))
	for _, join := range p.Join {
		fmt.Fprintf(&text, "join %s %s  @ %s\n", list(names(join.Type, cloneFlags)), join.Path, join.At)
	}
	fmt.Fprintf(&text, "maps by the parent: %t, device program before hooks: %t\n\n", p.UserMaps, p.Early)
	for i, op := range p.Ops {
		if show(op) {
			fmt.Fprintf(&text, "%d %s%s  @ %s\n", i, op.Kind(), printFields(op)+printOwners(p, op), op.From())
		}
	}
	return text.String()
}

// printOwners formats the ID mapping that the parent gives to a bind.
func printOwners(p *Plan, op protocol.Op) string {
	bind, _ := op.(*protocol.Bind)
	owners := p.Owners[bind]
	if owners == nil {
		return ""
	}
	return fmt.Sprintf(" owners=%+v", *owners)
}

func everything(protocol.Op) bool { return true }

// only shows some kinds of operation.
func only(kinds ...protocol.OpKind) func(protocol.Op) bool {
	return func(op protocol.Op) bool {
		for _, kind := range kinds {
			if op.Kind() == kind {
				return true
			}
		}
		return false
	}
}

func printFields(op protocol.Op) string {
	var text strings.Builder
	content := reflect.ValueOf(op).Elem()
	for i := range content.NumField() {
		field, value := content.Type().Field(i), content.Field(i)
		if field.Name == "Origin" || value.IsZero() {
			continue
		}
		fmt.Fprintf(&text, " %s=%s", field.Name, printValue(field.Name, value))
	}
	return text.String()
}

// masks are the fields that hold flags.
var masks = map[string][]flagName{
	"Set": attributes, "Clear": attributes, "RecursiveSet": attributes, "RecursiveClear": attributes,
	"Propagation": propagations,
	"Bounding":    capabilities(), "Effective": capabilities(), "Permitted": capabilities(),
	"Inheritable": capabilities(), "Ambient": capabilities(),
}

func printValue(name string, value reflect.Value) string {
	if flags, is := masks[name]; is {
		return list(names(value.Uint(), flags))
	}
	switch content := value.Interface().(type) {
	case []byte:
		if name == "Filter" {
			return "compiled" // for this machine; package seccomp has its own golden files
		}
		return quote(string(content))
	case []string:
		return quotes(content)
	case []protocol.Pair:
		var pairs []string
		for _, pair := range content {
			pairs = append(pairs, strings.TrimSuffix(pair.Name+"="+pair.Value, "="))
		}
		return list(pairs)
	case string:
		return quote(content)
	}
	if name == "Mode" || name == "Umask" {
		return fmt.Sprintf("%04o", value.Uint())
	}
	return fmt.Sprint(value.Interface())
}

func quote(text string) string {
	if len(text) > maxShown {
		return fmt.Sprintf("%q and %d bytes more", text[:maxShown], len(text)-maxShown)
	}
	return fmt.Sprintf("%q", text)
}

func quotes(texts []string) string {
	if len(texts) > 8 {
		return fmt.Sprintf("%d strings from %s to %s", len(texts), quote(texts[0]), quote(texts[len(texts)-1]))
	}
	quoted := make([]string, len(texts))
	for i := range texts {
		quoted[i] = quote(texts[i])
	}
	return list(quoted)
}

func list(items []string) string { return "[" + strings.Join(items, " ") + "]" }

type flagName struct {
	mask, value uint64 // the flag is set if the masked bits are the value
	name        string
}

// names lists the flags that are set, with those without a name in hexadecimal.
func names(flags uint64, known []flagName) []string {
	var set []string
	for _, flag := range known {
		if flags&flag.mask == flag.value {
			set, flags = append(set, flag.name), flags&^flag.mask
		}
	}
	if flags != 0 {
		set = append(set, fmt.Sprintf("%#x", flags))
	}
	return set
}

func bit(flag uint64, name string) flagName { return flagName{flag, flag, name} }

// attributes are those of mount_setattr(2). The access time modes are values of one field;
// all of its bits together clear it, and none of them is relatime, which is left out.
var attributes = []flagName{
	bit(unix.MOUNT_ATTR__ATIME, "atime-field"),
	bit(unix.MOUNT_ATTR_STRICTATIME, "strictatime"), bit(unix.MOUNT_ATTR_NOATIME, "noatime"),
	bit(unix.MOUNT_ATTR_RDONLY, "ro"), bit(unix.MOUNT_ATTR_NOSUID, "nosuid"),
	bit(unix.MOUNT_ATTR_NODEV, "nodev"), bit(unix.MOUNT_ATTR_NOEXEC, "noexec"),
	bit(unix.MOUNT_ATTR_NODIRATIME, "nodiratime"), bit(unix.MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow"),
}

var propagations = []flagName{
	bit(unix.MS_SHARED, "shared"), bit(unix.MS_SLAVE, "slave"), bit(unix.MS_PRIVATE, "private"),
	bit(unix.MS_UNBINDABLE, "unbindable"), bit(unix.MS_REC, "recursive"),
}

var cloneFlags = func() []flagName {
	var flags []flagName
	for _, namespace := range bundle.Namespaces {
		flags = append(flags, bit(namespace.CloneFlag, string(namespace.Type)))
	}
	return flags
}()

func capabilities() []flagName {
	const all = 1<<41 - 1
	flags := []flagName{{all, all, "all"}}
	for i, name := range bundle.CapabilityNames {
		flags = append(flags, bit(1<<i, strings.TrimPrefix(name, "CAP_")))
	}
	return flags
}
