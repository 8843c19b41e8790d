package protocol

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// raw joins bytes written in hexadecimal.
func raw(t testing.TB, parts ...string) []byte {
	t.Helper()
	data, err := hex.DecodeString(strings.ReplaceAll(strings.Join(parts, ""), " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// str encodes a string in its shortest form.
func str(content string) string {
	switch size := len(content); {
	case size < 32:
		return fmt.Sprintf("%02x%x", 0xa0|size, content)
	case size < 1<<8:
		return fmt.Sprintf("d9%02x%x", size, content)
	case size < 1<<16:
		return fmt.Sprintf("da%04x%x", size, content)
	default:
		return fmt.Sprintf("db%08x%x", size, content)
	}
}

// welcome encodes a Welcome with the given version and features.
func welcome(version, features string) string {
	return "92 02 82" + str("version") + version + str("features") + features
}

// part encodes a Part that contains one operation: an OOM score, a host name, a program's
// arguments or a hook, with the given value in its interesting field.
func part(op string) string { return "92 05 81" + str("ops") + "91" + op }

func score(value string) string { return part("92 02 82" + str("at") + "a0" + str("value") + value) }
func host(name string) string   { return part("92 03 82" + str("at") + "a0" + str("name") + name) }
func arguments(values string) string {
	return part("92 16 82" + str("at") + "a0" + str("values") + values)
}
func pivot(move string) string { return part("92 11 82" + str("at") + "a0" + str("move") + move) }

func hook(state string) string {
	return part("92 10 88" + str("at") + "a0" + str("point") + str("x") + str("index") + "00" + str("path") + str("/") +
		str("arguments") + "90" + str("environment") + "90" + str("state") + state + str("milliseconds") + "00")
}

// The offsets of the interesting values in the frames above.
const (
	versionAt  = 3 + 8
	featuresAt = versionAt + 1 + 9 // after a version of one byte
	opAt       = 3 + 4 + 1
	firstAt    = opAt + 3 + 4 // after the operation's at
	scoreAt    = firstAt + 6
	nameAt     = firstAt + 5
	moveAt     = firstAt + 5
	valuesAt   = firstAt + 7
	stateAt    = firstAt + 8 + 7 + 7 + 11 + 13 + 6
)

type rejection struct {
	name        string
	data        string // hexadecimal
	descriptors int
	accept      KindSet // 0: every kind
	offset      int
	field       string
	reason      string
}

var rejections = []rejection{
	// The frame.
	// SPEC: M-ENC-1, M-ENC-8
	{name: "nothing", data: "", reason: "truncated: 1 bytes wanted, 0 left"},
	{name: "nil", data: "c0", reason: "an array wanted, found byte 0xc0"},
	{name: "unused byte", data: "c1", reason: "an array wanted, found byte 0xc1"},
	{name: "a map", data: "80", reason: "an array wanted, found byte 0x80"},
	{name: "a number", data: "0e", reason: "an array wanted, found byte 0x0e"},
	{name: "a string", data: "a0", reason: "an array wanted, found byte 0xa0"},
	{name: "float 64", data: "cb 0000000000000000", reason: "an array wanted, found byte 0xcb"},
	{name: "extension", data: "c7 01 05 00", reason: "an array wanted, found byte 0xc7"},
	{name: "timestamp", data: "d6 ff 00000000", reason: "an array wanted, found byte 0xd6"},
	{name: "array of none", data: "90", reason: "a frame is an array of 2 elements, not 0"},
	{name: "array of one", data: "91 0e", reason: "a frame is an array of 2 elements, not 1"},
	{name: "array of three", data: "93 0e 80 c0", reason: "a frame is an array of 2 elements, not 3"},
	{name: "array 16", data: "dc 0002 0e 80", reason: "2 is not in its shortest form"},
	{name: "array 32", data: "dd 00000002 0e 80", reason: "2 is not in its shortest form"},
	{name: "array of 2^31", data: "dd 80000000", reason: "a frame is an array of 2 elements, not 2147483648"},
	{name: "array 16 cut", data: "dc 00", reason: "truncated: 2 bytes wanted, 1 left"},
	{name: "trailing nil", data: "92 0e 80 c0", offset: 3, reason: "1 trailing bytes"},
	{name: "trailing frame", data: "92 0e 80 92 0e 80", offset: 3, reason: "3 trailing bytes"},
	{name: "nested arrays", data: strings.Repeat("91", 4096), reason: "a frame is an array of 2 elements, not 1"},
	{name: "nested frames", data: strings.Repeat("92", 4096), offset: 1, reason: "an unsigned integer wanted, found byte 0x92"},
	{name: "too long", data: strings.Repeat("00", MaxFrame+1), offset: MaxFrame, reason: "longer than 196608 bytes"},

	// The kind.
	// SPEC: M-ENC-9
	{name: "no kind", data: "92", offset: 1, reason: "truncated: 1 bytes wanted, 0 left"},
	{name: "kind 0", data: "92 00 80", offset: 1, reason: "0 is outside 1..16"},
	{name: "kind 17", data: "92 11 80", offset: 1, reason: "17 is outside 1..16"},
	{name: "kind 2^64-1", data: "92 cf ffffffffffffffff 80", offset: 1, reason: "18446744073709551615 is outside 1..16"},
	{name: "kind 256 + 14", data: "92 cd 010e 80", offset: 1, reason: "270 is outside 1..16"},
	{name: "kind nil", data: "92 c0 80", offset: 1, reason: "an unsigned integer wanted, found byte 0xc0"},
	{name: "kind true", data: "92 c3 80", offset: 1, reason: "an unsigned integer wanted, found byte 0xc3"},
	{name: "kind negative", data: "92 ff 80", offset: 1, reason: "an unsigned integer wanted, found byte 0xff"},
	{name: "kind by name", data: "92" + str("Start") + "80", offset: 1, reason: "an unsigned integer wanted, found byte 0xa5"},
	{name: "kind in 1 byte more", data: "92 cc 0e 80", offset: 1, reason: "14 is not in its shortest form"},
	{name: "kind in 2 bytes more", data: "92 cd 000e 80", offset: 1, reason: "14 is not in its shortest form"},
	{name: "kind in 4 bytes more", data: "92 ce 0000000e 80", offset: 1, reason: "14 is not in its shortest form"},
	{name: "kind in 8 bytes more", data: "92 cf 000000000000000e 80", offset: 1, reason: "14 is not in its shortest form"},
	{name: "kind signed", data: "92 d0 0e 80", offset: 1, reason: "an unsigned integer wanted, found byte 0xd0"},

	// The map of fields.
	// SPEC: M-ENC-2
	{name: "no map", data: "92 0e", offset: 2, reason: "truncated: 1 bytes wanted, 0 left"},
	{name: "nil for a map", data: "92 0e c0", offset: 2, reason: "a map wanted, found byte 0xc0"},
	{name: "array for a map", data: "92 0e 90", offset: 2, reason: "a map wanted, found byte 0x90"},
	{name: "map 16", data: "92 0e de 0000", offset: 2, reason: "0 is not in its shortest form"},
	{name: "map 32", data: "92 0e df 00000000", offset: 2, reason: "0 is not in its shortest form"},
	{name: "map of 2^31", data: "92 0e df 80000000", offset: 2, reason: "a map of 2147483648 fields; 0 wanted"},
	{name: "a field too many", data: "92 0e 81 a161 01", offset: 2, reason: "a map of 1 fields; 0 wanted"},
	{name: "missing field", data: "92 02 81" + str("version") + "01", offset: 2, reason: "a map of 1 fields; 2 wanted"},
	{name: "unknown key", data: "92 02 82" + str("version") + "01" + str("feature") + "90",
		offset: featuresAt - 9, field: "features", reason: `key "features" wanted, found "feature"`},
	{name: "duplicate key", data: "92 02 82" + str("version") + "01" + str("version") + "01",
		offset: featuresAt - 9, field: "features", reason: `key "features" wanted, found "version"`},
	{name: "displaced key", data: "92 02 82" + str("features") + "90" + str("version") + "01",
		offset: 3, field: "version", reason: `key "version" wanted, found "features"`},
	{name: "key in capitals", data: "92 02 82" + str("Version") + "01" + str("features") + "90",
		offset: 3, field: "version", reason: `key "version" wanted, found "Version"`},
	{name: "key longer by a NUL", data: "92 02 82" + str("version\x00") + "01" + str("features") + "90",
		offset: 3, field: "version", reason: "a string with a NUL byte"},
	{name: "key of binary data", data: "92 02 82 c407 76657273696f6e 01", offset: 3, field: "version", reason: "a string wanted, found byte 0xc4"},
	{name: "key a number", data: "92 02 82 01 01", offset: 3, field: "version", reason: "a string wanted, found byte 0x01"},
	{name: "key nil", data: "92 02 82 c0 01", offset: 3, field: "version", reason: "a string wanted, found byte 0xc0"},
	{name: "key empty", data: "92 02 82 a0 01", offset: 3, field: "version", reason: "a string of 0 bytes; allowed are 1..255"},
	{name: "key too long", data: "92 02 82" + str(strings.Repeat("k", 256)) + "01", offset: 3, field: "version",
		reason: "a string of 256 bytes; allowed are 1..255"},
	{name: "long key", data: "92 02 82" + str(strings.Repeat("k", 255)) + "01", offset: 3, field: "version",
		reason: `key "version" wanted, found "` + strings.Repeat("k", 32) + `"`},
	{name: "key no text", data: "92 02 82" + str("\xff\xfe") + "01", offset: 3, field: "version", reason: `key "version" wanted, found "fffe"`},
	{name: "key with an escape", data: "92 02 82" + str("\x1b[2J") + "01", offset: 3, field: "version", reason: `key "version" wanted, found "\x1b[2J"`},
	{name: "key in 1 byte more", data: "92 02 82 d907 76657273696f6e 01", offset: 3, field: "version", reason: "7 is not in its shortest form"},

	// Kinds and descriptors.
	// SPEC: M-ENC-10, M-ENC-11
	{name: "not acceptable", data: "92 0e 80", accept: SetOf(KindCommitted, KindFault), offset: 1,
		reason: "Start is not acceptable here; acceptable: Committed, Fault"},
	{name: "nothing acceptable", data: "92 0e 80", accept: 1, offset: 1, reason: "Start is not acceptable here; acceptable: nothing"},
	{name: "Start with two descriptors", data: "92 0e 80", descriptors: 2, reason: "Start with 2 descriptors; 1 wanted"},
	{name: "Console without its master", data: "92 09 80", reason: "Console with 0 descriptors; 1 wanted"},
	{name: "Detach without its socket", data: "92 0f 80", reason: "Detach with 0 descriptors; 1 wanted"},
	{name: "Detach with two", data: "92 0f 80", descriptors: 2, reason: "Detach with 2 descriptors; 1 wanted"},
	{name: "OpenDone with one too few", data: "92 08 81" + str("ops") + "92 01 02", descriptors: 1, reason: "OpenDone with 1 descriptors; 2 wanted"},
	{name: "OpenDone with one too many", data: "92 08 81" + str("ops") + "92 01 02", descriptors: 3, reason: "OpenDone with 3 descriptors; 2 wanted"},
	{name: "OpenRequest with one", data: "92 07 81" + str("ops") + "91 01", descriptors: 1, reason: "OpenRequest with 1 descriptors; 0 wanted"},

	// Unsigned integers.
	// SPEC: M-ENC-3, M-ENC-5, M-ENC-6
	{name: "version 0", data: welcome("00", "90"), offset: versionAt, field: "version", reason: "0 is outside 1..65535"},
	{name: "version 65536", data: welcome("ce 00010000", "90"), offset: versionAt, field: "version", reason: "65536 is outside 1..65535"},
	{name: "version nil", data: welcome("c0", "90"), offset: versionAt, field: "version", reason: "an unsigned integer wanted, found byte 0xc0"},
	{name: "version false", data: welcome("c2", "90"), offset: versionAt, field: "version", reason: "an unsigned integer wanted, found byte 0xc2"},
	{name: "version float 32", data: welcome("ca 3f800000", "90"), offset: versionAt, field: "version", reason: "an unsigned integer wanted, found byte 0xca"},
	{name: "version float 64", data: welcome("cb 3ff0000000000000", "90"), offset: versionAt, field: "version", reason: "an unsigned integer wanted, found byte 0xcb"},
	{name: "version text", data: welcome("a131", "90"), offset: versionAt, field: "version", reason: "an unsigned integer wanted, found byte 0xa1"},
	{name: "version binary", data: welcome("c40101", "90"), offset: versionAt, field: "version", reason: "an unsigned integer wanted, found byte 0xc4"},
	{name: "version extension", data: welcome("d40100", "90"), offset: versionAt, field: "version", reason: "an unsigned integer wanted, found byte 0xd4"},
	{name: "version array", data: welcome("9101", "90"), offset: versionAt, field: "version", reason: "an unsigned integer wanted, found byte 0x91"},
	{name: "version map", data: welcome("810101", "90"), offset: versionAt, field: "version", reason: "an unsigned integer wanted, found byte 0x81"},
	{name: "version -1", data: welcome("ff", "90"), offset: versionAt, field: "version", reason: "an unsigned integer wanted, found byte 0xff"},
	{name: "version -128", data: welcome("d080", "90"), offset: versionAt, field: "version", reason: "an unsigned integer wanted, found byte 0xd0"},
	{name: "version -32768", data: welcome("d18000", "90"), offset: versionAt, field: "version", reason: "an unsigned integer wanted, found byte 0xd1"},
	{name: "version -2^31", data: welcome("d280000000", "90"), offset: versionAt, field: "version", reason: "an unsigned integer wanted, found byte 0xd2"},
	{name: "version -2^63", data: welcome("d38000000000000000", "90"), offset: versionAt, field: "version", reason: "an unsigned integer wanted, found byte 0xd3"},
	{name: "127 in 1 byte more", data: welcome("cc7f", "90"), offset: versionAt, field: "version", reason: "127 is not in its shortest form"},
	{name: "255 in 2 bytes", data: welcome("cd00ff", "90"), offset: versionAt, field: "version", reason: "255 is not in its shortest form"},
	{name: "65535 in 4 bytes", data: welcome("ce0000ffff", "90"), offset: versionAt, field: "version", reason: "65535 is not in its shortest form"},
	{name: "2^32-1 in 8 bytes", data: welcome("cf00000000ffffffff", "90"), offset: versionAt, field: "version", reason: "4294967295 is not in its shortest form"},
	{name: "number cut", data: "92 02 82" + str("version") + "cd01", offset: versionAt, field: "version", reason: "truncated: 2 bytes wanted, 1 left"},

	// Signed integers.
	// SPEC: M-ENC-4
	{name: "-1001", data: score("d1fc17"), offset: scoreAt, field: "value", reason: "-1001 is outside -1000..1000"},
	{name: "1001", data: score("cd03e9"), offset: scoreAt, field: "value", reason: "1001 is outside -1000..1000"},
	{name: "2^63", data: score("cf8000000000000000"), offset: scoreAt, field: "value", reason: "9223372036854775808 is outside -1000..1000"},
	{name: "2^64-1 is not -1", data: score("cfffffffffffffffff"), offset: scoreAt, field: "value", reason: "18446744073709551615 is outside -1000..1000"},
	{name: "-1 in 1 byte more", data: score("d0ff"), offset: scoreAt, field: "value", reason: "-1 is not in its shortest form"},
	{name: "-32 in 1 byte more", data: score("d0e0"), offset: scoreAt, field: "value", reason: "-32 is not in its shortest form"},
	{name: "-128 in 2 bytes", data: score("d1ff80"), offset: scoreAt, field: "value", reason: "-128 is not in its shortest form"},
	{name: "-129 in 4 bytes", data: score("d2ffffff7f"), offset: scoreAt, field: "value", reason: "-129 is not in its shortest form"},
	{name: "-129 in 8 bytes", data: score("d3ffffffffffffff7f"), offset: scoreAt, field: "value", reason: "-129 is not in its shortest form"},
	{name: "5 in a signed form", data: score("d005"), offset: scoreAt, field: "value", reason: "5 is not in its shortest form"},
	{name: "500 in a signed form", data: score("d101f4"), offset: scoreAt, field: "value", reason: "500 is not in its shortest form"},
	{name: "5 in 1 byte more", data: score("cc05"), offset: scoreAt, field: "value", reason: "5 is not in its shortest form"},
	{name: "score nil", data: score("c0"), offset: scoreAt, field: "value", reason: "an integer wanted, found byte 0xc0"},
	{name: "score float", data: score("ca00000000"), offset: scoreAt, field: "value", reason: "an integer wanted, found byte 0xca"},
	{name: "no score", data: score(""), offset: scoreAt, field: "value", reason: "truncated: 1 bytes wanted, 0 left"},

	// Booleans.
	{name: "boolean nil", data: pivot("c0"), offset: moveAt, field: "move", reason: "a boolean wanted, found byte 0xc0"},
	{name: "boolean 1", data: pivot("01"), offset: moveAt, field: "move", reason: "a boolean wanted, found byte 0x01"},
	{name: "no boolean", data: pivot(""), offset: moveAt, field: "move", reason: "truncated: 1 bytes wanted, 0 left"},

	// Strings.
	// SPEC: M-ENC-7
	{name: "string nil", data: host("c0"), offset: nameAt, field: "name", reason: "a string wanted, found byte 0xc0"},
	{name: "string of binary data", data: host("c40161"), offset: nameAt, field: "name", reason: "a string wanted, found byte 0xc4"},
	{name: "string an array", data: host("91a161"), offset: nameAt, field: "name", reason: "a string wanted, found byte 0x91"},
	{name: "string empty", data: host("a0"), offset: nameAt, field: "name", reason: "a string of 0 bytes; allowed are 1..64"},
	{name: "string too long", data: host(str(strings.Repeat("n", 65))), offset: nameAt, field: "name", reason: "a string of 65 bytes; allowed are 1..64"},
	{name: "string of 2^31", data: host("db80000000"), offset: nameAt, field: "name", reason: "a string of 2147483648 bytes; allowed are 1..64"},
	{name: "string with NUL", data: host(str("c\x001")), offset: nameAt, field: "name", reason: "a string with a NUL byte"},
	{name: "string cut", data: host("a563"), offset: nameAt, field: "name", reason: "truncated: 5 bytes wanted, 1 left"},
	{name: "31 bytes in string 8", data: host("d91f" + strings.Repeat("61", 31)), offset: nameAt, field: "name", reason: "31 is not in its shortest form"},
	{name: "40 bytes in string 16", data: host("da0028" + strings.Repeat("61", 40)), offset: nameAt, field: "name", reason: "40 is not in its shortest form"},
	{name: "40 bytes in string 32", data: host("db00000028" + strings.Repeat("61", 40)), offset: nameAt, field: "name", reason: "40 is not in its shortest form"},
	{name: "65535 bytes in string 32", data: arguments("91db0000ffff" + strings.Repeat("61", 65535)), offset: valuesAt + 1, field: "values", reason: "65535 is not in its shortest form"},

	// Binary data.
	{name: "binary nil", data: hook("c0"), offset: stateAt, field: "state", reason: "binary data wanted, found byte 0xc0"},
	{name: "binary as text", data: hook("a0"), offset: stateAt, field: "state", reason: "binary data wanted, found byte 0xa0"},
	{name: "binary of 2^31", data: hook("c680000000"), offset: stateAt, field: "state", reason: "binary data of 2147483648 bytes; allowed are 0..131072"},
	{name: "255 bytes in binary 16", data: hook("c500ff" + strings.Repeat("00", 255)), offset: stateAt, field: "state", reason: "255 is not in its shortest form"},
	{name: "65535 bytes in binary 32", data: hook("c60000ffff" + strings.Repeat("00", 65535)), offset: stateAt, field: "state", reason: "65535 is not in its shortest form"},

	{name: "binary of too few bytes", data: part("92 1d 83" + str("at") + "a0" + str("call") + "01" + str("state") + "c400"),
		offset: firstAt + 6 + 6, field: "state", reason: "binary data of 0 bytes; allowed are 1..131072"},

	// Lists and operations.
	{name: "list nil", data: welcome("01", "c0"), offset: featuresAt, field: "features", reason: "an array wanted, found byte 0xc0"},
	{name: "list a map", data: welcome("01", "80"), offset: featuresAt, field: "features", reason: "an array wanted, found byte 0x80"},
	{name: "element nil", data: welcome("01", "91c0"), offset: featuresAt + 1, field: "features", reason: "a string wanted, found byte 0xc0"},
	{name: "list cut", data: welcome("01", "92a161"), offset: featuresAt + 3, field: "features", reason: "truncated: 1 bytes wanted, 0 left"},
	{name: "list too long", data: welcome("01", "dc0041"+strings.Repeat("a161", 65)), offset: featuresAt, field: "features",
		reason: "an array of 65 elements; allowed are 0..64"},
	{name: "list of 2^31", data: welcome("01", "dd80000000"), offset: featuresAt, field: "features",
		reason: "an array of 2147483648 elements; allowed are 0..64"},
	{name: "15 elements in array 16", data: welcome("01", "dc000f"+strings.Repeat("a161", 15)), offset: featuresAt, field: "features",
		reason: "15 is not in its shortest form"},
	{name: "15 elements in array 32", data: welcome("01", "dd0000000f"+strings.Repeat("a161", 15)), offset: featuresAt, field: "features",
		reason: "15 is not in its shortest form"},
	{name: "too many elements in all", data: arguments("dc1000" + strings.Repeat("a0", 4096)), offset: valuesAt, field: "values",
		reason: "more than 4096 list elements in one frame"},
	{name: "too many operations", data: "92 05 81" + str("ops") + "dc1001", offset: opAt - 1, field: "ops",
		reason: "an array of 4097 elements; allowed are 1..4096"},
	{name: "no operations", data: "92 05 81" + str("ops") + "90", offset: opAt - 1, field: "ops", reason: "an array of 0 elements; allowed are 1..4096"},
	{name: "pair of three", data: "92 0d 83" + str("cgroup") + "a0" + str("limits") + "91 93 a161 a0 a0", offset: 3 + 8 + 7 + 1, field: "limits",
		reason: "an array of 3 elements; allowed are 2..2"},
	{name: "operation nil", data: part("c0"), offset: opAt, field: "ops", reason: "an operation wanted, found byte 0xc0"},
	{name: "operation of three", data: part("93 02 80 c0"), offset: opAt, field: "ops", reason: "an operation is an array of 2 elements, not 3"},
	{name: "operation 0", data: part("92 00 80"), offset: opAt + 1, field: "ops", reason: fmt.Sprintf("0 is outside 1..%d", len(ops)-1)},
	{name: "operation 127", data: part("92 7f 80"), offset: opAt + 1, field: "ops", reason: fmt.Sprintf("127 is outside 1..%d", len(ops)-1)},
	{name: "operation with a field too many", data: part("92 05 82" + str("at") + "a0" + str("name") + "a0"), offset: opAt + 2, field: "ops",
		reason: "a map of 2 fields; 1 wanted"},
	{name: "operation in an operation", data: part("92 05 81" + str("at") + "92 05 80"), offset: opAt + 6, field: "at",
		reason: "a string wanted, found byte 0x92"},
}

// SPEC: M-TRUST-1
func TestDecodeRejects(t *testing.T) {
	for _, test := range rejections {
		t.Run(test.name, func(t *testing.T) {
			accept := test.accept
			if accept == 0 {
				accept = every()
			}
			data := raw(t, test.data)
			want := Malformed{Offset: test.offset, Field: test.field, Reason: test.reason}
			frame, err := Decode(data, test.descriptors, accept)
			if frame != nil {
				t.Errorf("accepted as %#v", frame)
			}
			var malformed *Malformed
			if !errors.As(err, &malformed) {
				t.Fatalf("error %v is no Malformed", err)
			}
			wantCode := CodeMalformed
			if test.accept != 0 {
				wantCode = CodeUnexpected
			}
			if code := malformed.Code(); code != wantCode {
				t.Errorf("code %s, want %s", code, wantCode)
			}
			got := Malformed{Offset: malformed.Offset, Field: malformed.Field, Reason: malformed.Reason}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(Malformed{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if _, scanned := Scan(data, test.descriptors, accept); scanned == nil || scanned.Error() != err.Error() {
				t.Errorf("Scan says %v, Decode %v", scanned, err)
			}
		})
	}
}

func TestMalformedNamesItsPlace(t *testing.T) {
	for _, test := range []struct {
		malformed Malformed
		want      string
	}{
		{Malformed{Offset: 7, Reason: "3 trailing bytes"}, "malformed frame at byte 7: 3 trailing bytes"},
		{Malformed{Offset: 11, Field: "version", Reason: "0 is outside 1..65535"}, "malformed frame at byte 11, field version: 0 is outside 1..65535"},
	} {
		if got := test.malformed.Error(); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

// TestTruncatedFramesAreRejected cuts every sample at every byte.
//
// SPEC: M-ENC-8
func TestTruncatedFramesAreRejected(t *testing.T) {
	for _, sample := range samples() {
		data := mustEncode(t, sample.frame)
		for size := range data {
			if kind, err := Scan(data[:size], sample.descriptors, every()); err == nil {
				t.Errorf("%s: the first %d of %d bytes are accepted as %s", sample.name, size, len(data), kind)
			}
		}
	}
}

// TestNestingIsBounded enters arrays until the scanner refuses; no frame's fields are
// nested so deeply.
func TestNestingIsBounded(t *testing.T) {
	data := raw(t, strings.Repeat("91", MaxDepth+1))
	scan := scanner{data: data}
	for depth := 1; depth <= MaxDepth; depth++ {
		if scan.array(0, 1); scan.rejected != nil {
			t.Fatalf("depth %d: %s", depth, scan.rejected)
		}
	}
	scan.array(0, 1)
	want := &Malformed{Offset: MaxDepth, Reason: fmt.Sprintf("nested deeper than %d", MaxDepth)}
	if diff := cmp.Diff(want, scan.rejected, cmp.AllowUnexported(Malformed{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestMaxDepthIsReached: MaxDepth is no larger than some frame needs.
func TestMaxDepthIsReached(t *testing.T) {
	deepest := 0
	for _, sample := range samples() {
		lines, err := annotate(mustEncode(t, sample.frame))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(lines) {
			_, meaning, _ := strings.Cut(line, "# ")
			inner := strings.TrimLeft(meaning, " ")
			if strings.HasPrefix(inner, "array of") || strings.HasPrefix(inner, "map of") {
				deepest = max(deepest, 1+(len(meaning)-len(inner))/2)
			}
		}
	}
	if deepest != MaxDepth {
		t.Errorf("the deepest sample nests %d levels, MaxDepth is %d", deepest, MaxDepth)
	}
}
