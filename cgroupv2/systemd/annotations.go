package systemd

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"
)

// AnnotationPrefix is the prefix of annotations that set properties of the scope:
// org.systemd.property.TimeoutStopUSec sets the property TimeoutStopUSec.
const AnnotationPrefix = "org.systemd.property."

// Bounds of annotations.
const (
	maxAnnotations     = 64
	maxPropertyName    = 64
	maxAnnotationValue = 4096
)

// AnnotationError says why an annotation cannot set a property.
type AnnotationError struct {
	Name, Value string
	Reason      string
}

func (e *AnnotationError) Error() string {
	return fmt.Sprintf("annotations[%q]: %q %s", e.Name, e.Value, e.Reason)
}

// own lists properties that the runtime sets itself, and why annotations may not.
var own = map[string]string{
	"Slice":        "is the runtime's to set; allowed: the SLICE in linux.cgroupsPath",
	"PIDs":         "is the runtime's to set; allowed: to leave it out",
	"PIDFDs":       "is the runtime's to set; allowed: to leave it out",
	"Delegate":     "is the runtime's to set: it owns the scope's cgroup; allowed: to leave it out",
	"DevicePolicy": "would put another device program beside the container's; allowed: linux.resources.devices",
	"DeviceAllow":  "would put another device program beside the container's; allowed: linux.resources.devices",
}

// AnnotatedProperties returns the properties that a bundle's annotations ask for, sorted by
// name. Values are in GVariant's text format, see parseValue. A time whose name ends in Sec
// is in seconds and becomes the one ending in USec, which is its name on the bus.
func AnnotatedProperties(annotations map[string]string) ([]Property, error) {
	var properties []Property
	for _, annotation := range slices.Sorted(maps.Keys(annotations)) {
		name, is := strings.CutPrefix(annotation, AnnotationPrefix)
		if !is {
			continue
		}
		value := annotations[annotation]
		refuse := func(format string, arguments ...any) ([]Property, error) {
			return nil, &AnnotationError{annotation, cut(value), fmt.Sprintf(format, arguments...)}
		}
		reason, reserved := own[name]
		switch {
		case len(properties) == maxAnnotations:
			return refuse("is one more than the %d properties that are allowed", maxAnnotations)
		case !isPropertyName(name):
			return refuse("is for a property whose name is none; allowed: a capital letter, then letters and digits, up to %d", maxPropertyName)
		case reserved:
			return refuse("%s", reason)
		case isLimit(name):
			return refuse("sets a limit; allowed: linux.resources")
		case len(value) > maxAnnotationValue:
			return refuse("has %d bytes; allowed: up to %d", len(value), maxAnnotationValue)
		}
		parsed, err := parseValue(value)
		if err != nil {
			return refuse("is not in GVariant's text form (%v); allowed: a value such as %s", err, allowedValues)
		}
		if stem, isTime := strings.CutSuffix(name, "Sec"); isTime && !strings.HasSuffix(stem, "U") {
			microseconds, ok := inMicroseconds(parsed.Value())
			if !ok {
				return refuse("is no time in seconds; allowed: a number that is not negative")
			}
			name, parsed = stem+"USec", dbus.MakeVariant(microseconds)
		}
		properties = append(properties, Property{name, parsed})
	}
	return properties, nil
}

// inMicroseconds converts seconds.
func inMicroseconds(seconds any) (uint64, bool) {
	var value float64
	switch number := seconds.(type) {
	case byte:
		value = float64(number)
	case int16:
		value = float64(number)
	case uint16:
		value = float64(number)
	case int32:
		value = float64(number)
	case uint32:
		value = float64(number)
	case int64:
		value = float64(number)
	case uint64:
		value = float64(number)
	case float64:
		value = number
	default:
		return 0, false
	}
	const most = math.MaxInt64
	if !(value >= 0 && value*1e6 < most) {
		return 0, false
	}
	return uint64(math.Round(value * 1e6)), true
}

func isPropertyName(name string) bool {
	if name == "" || len(name) > maxPropertyName || name[0] < 'A' || name[0] > 'Z' {
		return false
	}
	for _, b := range []byte(name) {
		if (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') && (b < '0' || b > '9') {
			return false
		}
	}
	return true
}

// cut shortens a value for a message.
func cut(value string) string {
	const shown = 64
	if len(value) > shown {
		return value[:shown] + "…"
	}
	return value
}
