package strictjson

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type sample struct {
	Name   string
	Small  int8
	Wide   uint64
	Signed int64
	On     bool
	Inner  *sample
	Items  []sample
	Notes  map[string]string
}

var sampleFields []Field[sample]

func init() {
	// Assigned here because the table refers to itself.
	sampleFields = []Field[sample]{
		{Name: "name", Read: func(d *Decoder, s *sample) { String(d, &s.Name) }},
		{Name: "small", Read: func(d *Decoder, s *sample) { Integer(d, &s.Small) }},
		{Name: "wide", Read: func(d *Decoder, s *sample) { Integer(d, &s.Wide) }},
		{Name: "signed", Read: func(d *Decoder, s *sample) { Integer(d, &s.Signed) }},
		{Name: "on", Read: func(d *Decoder, s *sample) { Bool(d, &s.On) }},
		{Name: "inner", Read: func(d *Decoder, s *sample) { Pointer(d, &s.Inner, readSample) }},
		{Name: "items", Read: func(d *Decoder, s *sample) { List(d, &s.Items, readSample) }},
		{Name: "notes", Read: func(d *Decoder, s *sample) { Map(d, &s.Notes, String) }},
	}
}

func readSample(d *Decoder, s *sample) { Struct(d, s, sampleFields) }

func decodeSample(text string) (sample, error) {
	var s sample
	err := Decode(text, func(d *Decoder) { readSample(d, &s) })
	return s, err
}

func TestDecode(t *testing.T) {
	text := ` { "name" : "a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é", "small":-128, "wide":18446744073709551615,
	"signed":-9223372036854775808, "on":true, "inner":{"inner":null,"on":false}, "items":[{},{"small":127}],
	"notes":{"":"empty","k":"v"}, "unknown":{"a":[1,-0.5e+3,true,null,"x",{}]} } `
	want := sample{
		Name: "a\"\\/\b\f\n\r\té😀é", Small: -128, Wide: 1<<64 - 1, Signed: -1 << 63, On: true,
		Inner: &sample{}, Items: []sample{{}, {Small: 127}}, Notes: map[string]string{"": "empty", "k": "v"},
	}
	got, err := decodeSample(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRequired(t *testing.T) {
	type pair struct{ One, Two int }
	fields := []Field[pair]{
		{Name: "one", Read: func(d *Decoder, p *pair) { Integer(d, &p.One) }, Required: true},
		{Name: "two", Read: func(d *Decoder, p *pair) { Integer(d, &p.Two) }},
	}
	for text, want := range map[string]string{
		`[{"one":0}]`:            "",
		`[{"one":1},{"two":2}]`:  "[1].one: is missing; allowed: a value; there is no default",
		`[{"one":null,"two":2}]`: "[0].one: is missing; allowed: a value; there is no default",
	} {
		var pairs []pair
		err := Decode(text, func(d *Decoder) {
			List(d, &pairs, func(d *Decoder, p *pair) { Struct(d, p, fields) })
		})
		if got := fmt.Sprint(err); got != want && !(want == "" && err == nil) {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{``, `document: the document ends at line 1, column 1; allowed: a value`},
		{`[]`, `document: a list; allowed: an object`},
		{`{"small":128}`, `small: 128; allowed: an integer -128..127`},
		{`{"small":1.0}`, `small: 1.0; allowed: an integer -128..127`},
		{`{"wide":-1}`, `wide: -1; allowed: an integer 0..18446744073709551615`},
		{`{"wide":18446744073709551616}`, `wide: 18446744073709551616; allowed: an integer 0..18446744073709551615`},
		{`{"wide":"1"}`, `wide: "1" is a string; allowed: an integer 0..18446744073709551615`},
		{`{"on":0}`, `on: 0 is a number; allowed: true or false`},
		{`{"on":trve}`, `on: 't' stands at line 1, column 7; allowed: a value`},
		{`{"name":true}`, `name: a boolean; allowed: a string`},
		{`{"items":[{},null]}`, `items[1]: null; allowed: an object`},
		{`{"items":[{"items":[{"on":[]}]}]}`, `items[0].items[0].on: a list; allowed: true or false`},
		{`{"notes":{"a.b":1}}`, `notes["a.b"]: 1 is a number; allowed: a string`},
		{`{"name":"a","name":"b"}`, `name: is given more than once; allowed: one value for each name`},
		{`{"unknown":{"x":1,"x":2}}`, `unknown.x: is given more than once; allowed: one value for each name`},
		{`{"NAME":"a"}`, `NAME: is not a property's name; allowed: "name" in this spelling`},
		{`{"name":"a\u0000b"}`, `name: contains a NUL character at byte 1; allowed: text without NUL`},
		{`{"unknown":"\u0000"}`, `unknown: contains a NUL character at byte 0; allowed: text without NUL`},
		{"{\"name\":\"\xff\"}", `name: is not valid UTF-8; allowed: UTF-8 text`},
		{`{"name":"\ud800"}`, `name: '\\' stands at line 1, column 10; allowed: an escape of RFC 8259, section 7`},
		{`{"name":"\ud800\u0041"}`, `name: '\\' stands at line 1, column 10; allowed: an escape of RFC 8259, section 7`},
		{`{"name":"\x"}`, `name: '\\' stands at line 1, column 10; allowed: an escape of RFC 8259, section 7`},
		{"{\"name\":\"\n\"}", `name: '\n' stands at line 1, column 10; allowed: a control character only as an escape`},
		{`{"name":"a`, `name: the document ends at line 1, column 11; allowed: a closing double quote`},
		{"{\n \"on\":true\n x}", `document: 'x' stands at line 3, column 2; allowed: a comma or '}'`},
		{`{"on":true,}`, `document: '}' stands at line 1, column 12; allowed: a name in double quotes`},
		{`{"on" true}`, `on: 't' stands at line 1, column 7; allowed: a colon after the name`},
		{`{"items":[{} {}]}`, `items: '{' stands at line 1, column 14; allowed: a comma or ']'`},
		{`{"items":[,]}`, `items[0]: ',' stands at line 1, column 11; allowed: a value`},
		{`{"unknown":01}`, `document: '1' stands at line 1, column 13; allowed: a comma or '}'`},
		{`{"unknown":-}`, `unknown: '}' stands at line 1, column 13; allowed: a digit`},
		{`{"unknown":1.}`, `unknown: '}' stands at line 1, column 14; allowed: a digit`},
		{`{} {}`, `document: '{' stands at line 1, column 4; allowed: nothing after the document's value`},
		{`{}` + "\x00", `document: '\x00' stands at line 1, column 3; allowed: nothing after the document's value`},
		{`{"name":["` + strings.Repeat("x", 100) + `"]}`, `name: a list; allowed: a string`},
		{`{"wide":"` + strings.Repeat("é", 100) + `"}`, `wide: "` + strings.Repeat("é", 32) + `"... is a string; allowed: an integer 0..18446744073709551615`},
	} {
		_, err := decodeSample(test.text)
		if err == nil {
			t.Errorf("%.60q was accepted", test.text)
		} else if err.Error() != test.want {
			t.Errorf("%.60q\n got %s\nwant %s", test.text, err, test.want)
		}
	}
}

// TestUnknown: a name that is in no table is reported with its place and what it may be
// meant for. Names that are data are not, nor are those within an unknown one.
func TestUnknown(t *testing.T) {
	many := ""
	for i := range MaxUnknown + 5 {
		many += fmt.Sprintf(`"x%d":0,`, i)
	}
	for _, test := range []struct {
		text string
		want []Unknown
		more int
	}{
		{`{"name":"a","notes":{"nmae":"b"}}`, nil, 0},
		{`{"nmae":"a","items":[{},{"smal":1,"inner":{"naem":2}}],"nested":{"nam":1}}`, []Unknown{{"nmae", ""}, {"items[1].smal", "small"}, {"items[1].inner.naem", ""}, {"nested", ""}}, 0},
		{`{"inner":{"wid":1,"singed":2,"nam":3,"n":4}}`, []Unknown{{"inner.wid", "wide"}, {"inner.singed", "signed"}, {"inner.nam", "name"}, {"inner.n", ""}}, 0},
		{`{"itemsss":[{"nam":1}],"itemssss":0,"":null,"a.b":0}`, []Unknown{{"itemsss", "items"}, {"itemssss", ""}, {`[""]`, ""}, {`["a.b"]`, ""}}, 0},
		{`{` + many + `"on":true}`, nil, 5},
		{`{"` + strings.Repeat("n", 1<<20) + `":0}`, []Unknown{{"[" + Quote(strings.Repeat("n", 1<<20)) + "]", ""}}, 0},
	} {
		var s sample
		var unknown Unknowns
		if err := Decode(test.text, func(d *Decoder) { readSample(d, &s); unknown = d.Unknown() }); err != nil {
			t.Errorf("%.60q: %v", test.text, err)
		}
		if test.more > 0 {
			if len(unknown.Named) != MaxUnknown || unknown.Named[0] != (Unknown{"x0", ""}) {
				t.Errorf("%.60q: %v are named", test.text, unknown.Named)
			}
		} else if diff := cmp.Diff(test.want, unknown.Named); diff != "" {
			t.Errorf("%.60q (-want +got):\n%s", test.text, diff)
		}
		if unknown.More != test.more {
			t.Errorf("%.60q: %d more, want %d", test.text, unknown.More, test.more)
		}
	}
}

func TestBounds(t *testing.T) {
	for name, text := range map[string]string{
		"64 levels":  strings.Repeat(`{"a":`, MaxDepth+1) + "1" + strings.Repeat("}", MaxDepth+1),
		"values":     `{"a":[` + strings.Repeat("1,", MaxValues) + `1]}`,
		"objects":    `{"a":[` + strings.Repeat("{},", MaxObjects) + `{}]}`,
		"open lists": `{"a":` + strings.Repeat("[", 1<<20),
	} {
		if _, err := decodeSample(text); err == nil || !strings.Contains(err.Error(), "allowed: at most") {
			t.Errorf("%s: got %v, want a refusal that names the bound", name, err)
		}
	}
	deepest := strings.Repeat(`{"a":`, MaxDepth) + "1" + strings.Repeat("}", MaxDepth)
	if _, err := decodeSample(deepest); err != nil {
		t.Errorf("the deepest allowed document: %v", err)
	}
}

// FuzzDecode compares with encoding/json: what is accepted here is accepted there and means
// the same.
func FuzzDecode(f *testing.F) {
	f.Add(`{"name":"a","items":[{"on":true}],"notes":{"k":"v"},"wide":1,"x":[1,2.5e3,null]}`)
	f.Add(`{"inner":{"inner":null},"signed":-0,"name":"\ud83d\ude00"}`)
	f.Add(`{"items":[[[[`)
	f.Fuzz(func(t *testing.T, text string) {
		ours, err := decodeSample(text)
		if err != nil {
			return
		}
		var theirs sample
		if err := json.Unmarshal([]byte(text), &theirs); err != nil {
			t.Fatalf("encoding/json refuses %q: %v", text, err)
		}
		if diff := cmp.Diff(theirs, ours); diff != "" {
			t.Fatalf("%q means something else to encoding/json:\n%s", text, diff)
		}
	})
}
