package devfilter

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf/asm"
	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func parseRules(t testing.TB, text string) []specs.LinuxDeviceCgroup {
	t.Helper()
	var rules []specs.LinuxDeviceCgroup
	if err := json.Unmarshal([]byte(text), &rules); err != nil {
		t.Fatalf("the test's rules: %v", err)
	}
	return rules
}

func compile(t testing.TB, rules []specs.LinuxDeviceCgroup) asm.Instructions {
	t.Helper()
	program, err := Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, program)
}

// decode decodes the encoded program with a library.
func decode(t testing.TB, program Instructions) asm.Instructions {
	t.Helper()
	order := binary.ByteOrder(binary.BigEndian)
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		order = binary.LittleEndian
	}
	decoded, err := asm.AppendInstructions(nil, bytes.NewReader(program.encode()), order, "linux")
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

// The kernel's numbers (enum bpf_cgroup_dev_*), written down independently.
var (
	accessLetters = [...]string{"m", "r", "w"}  // by bit
	typeLetters   = [...]string{1: "b", 2: "c"} // by number
)

// allowed is the reference: the package comment, applied literally to the rules in the
// config, first to last.
func allowed(rules []specs.LinuxDeviceCgroup, q request) bool {
	for bit, letter := range accessLetters {
		if q.access&(1<<bit) == 0 {
			continue
		}
		decision := false
		for _, rule := range rules {
			typeMatches := rule.Type == "" || rule.Type == "a" || rule.Type == typeLetters[q.kind]
			majorMatches := rule.Major == nil || *rule.Major == -1 || uint32(*rule.Major) == q.major
			minorMatches := rule.Minor == nil || *rule.Minor == -1 || uint32(*rule.Minor) == q.minor
			if typeMatches && majorMatches && minorMatches && strings.Contains(rule.Access, letter) {
				decision = rule.Allow
			}
		}
		if !decision {
			return false
		}
	}
	return true
}

// question parses "c 1:3 rw".
func question(t *testing.T, text string) request {
	t.Helper()
	var kind, letters string
	var q request
	if _, err := fmt.Sscanf(text, "%s %d:%d %s", &kind, &q.major, &q.minor, &letters); err != nil {
		t.Fatalf("question %q: %v", text, err)
	}
	q.kind = map[string]uint32{"b": 1, "c": 2}[kind]
	for _, letter := range letters {
		bit, ok := accessBit(letter)
		if !ok {
			t.Fatalf("question %q", text)
		}
		q.access |= uint32(bit)
	}
	return q
}

func TestCompileDecides(t *testing.T) {
	for name, test := range map[string]struct {
		rules      string
		allow      []string
		deny       []string
		noDefaults bool
	}{
		"no rules": {rules: `[]`,
			allow: []string{"c 1:3 rwm", "c 1:5 r", "c 1:7 w", "c 1:8 r", "c 1:9 r", "c 5:0 rw", "c 5:1 rw", "c 5:2 rw", "c 136:0 rw", "c 136:1048575 rw"},
			deny:  []string{"b 1:3 r", "c 1:1 r", "c 1:4 r", "c 10:229 rw", "b 8:0 r", "b 8:0 m", "c 137:0 r"}},
		"the default of spec": {rules: `[{"allow":false,"access":"rwm"}]`,
			allow: []string{"c 1:3 rwm"}, deny: []string{"c 10:229 rw", "b 8:0 m"}},
		"the specification's example": {rules: `[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":10,"minor":229,"access":"rw"},{"allow":true,"type":"b","major":8,"minor":0,"access":"r"}]`,
			allow: []string{"c 10:229 rw", "c 10:229 r", "b 8:0 r"}, deny: []string{"c 10:229 m", "c 10:229 rwm", "b 8:0 w", "b 8:0 rw", "b 8:1 r", "b 10:229 r", "c 8:0 r"}},
		"privileged": {rules: `[{"allow":true,"access":"rwm"}]`,
			allow: []string{"b 8:0 rwm", "c 10:229 rw", "b 4095:1048575 m"}},
		"the last rule wins": {rules: `[{"allow":true,"access":"rwm"},{"allow":false,"type":"b","access":"rwm"},{"allow":true,"type":"b","major":8,"access":"rw"}]`,
			allow: []string{"b 8:3 rw", "c 10:229 rwm"}, deny: []string{"b 8:3 m", "b 9:0 r"}},
		"denying a part denies what asks for it too": {rules: `[{"allow":true,"access":"rwm"},{"allow":false,"type":"c","major":1,"minor":5,"access":"w"}]`, noDefaults: true,
			allow: []string{"c 1:5 r", "c 1:5 m"}, deny: []string{"c 1:5 w", "c 1:5 rw", "c 1:5 rwm"}},
		"parts add up": {rules: `[{"allow":true,"type":"c","major":4,"access":"r"},{"allow":true,"type":"c","major":4,"minor":64,"access":"w"}]`,
			allow: []string{"c 4:64 rw", "c 4:65 r"}, deny: []string{"c 4:65 rw", "c 4:64 rwm"}},
		"a part taken back": {rules: `[{"allow":true,"type":"c","major":4,"access":"rw"},{"allow":false,"major":4,"access":"r"}]`,
			allow: []string{"c 4:0 w"}, deny: []string{"c 4:0 r", "c 4:0 rw"}},
		"minus one is all": {rules: `[{"allow":true,"type":"c","major":195,"minor":-1,"access":"rw"}]`,
			allow: []string{"c 195:0 rw", "c 195:255 rw"}, deny: []string{"c 196:0 rw"}},
		"before a rule for all nothing counts": {rules: `[{"allow":true,"type":"c","major":4,"access":"rwm"},{"allow":false,"type":"a","access":"rwm"}]`,
			deny: []string{"c 4:0 r"}},
		"the highest numbers": {rules: `[{"allow":true,"type":"b","major":4095,"minor":1048575,"access":"rw"},{"allow":true,"major":2048,"minor":0,"access":"r"}]`,
			allow: []string{"b 4095:1048575 rw", "c 2048:0 r"}, deny: []string{"b 4095:1048574 r", "b 2047:1048575 r", "c 4095:1048575 r", "c 2049:0 r", "c 0:0 r"}},
		"the defaults cannot be denied": {rules: `[{"allow":false,"type":"c","major":1,"minor":3,"access":"rwm"}]`,
			allow: []string{"c 1:3 rwm"}},
	} {
		t.Run(name, func(t *testing.T) {
			rules := parseRules(t, test.rules)
			if !test.noDefaults {
				rules = WithDefaults(rules)
			}
			program := compile(t, rules)
			ask := func(text string, want bool) {
				q := question(t, text)
				verdict, err := interpret(program, q)
				if err != nil {
					t.Fatal(err)
				}
				if (verdict == 1) != want || verdict > 1 {
					t.Errorf("%s: the program says %d, want allowed = %v", text, verdict, want)
				}
				if allowed(rules, q) != want {
					t.Errorf("%s: the reference disagrees with the table", text)
				}
			}
			for _, text := range test.allow {
				ask(text, true)
			}
			for _, text := range test.deny {
				ask(text, false)
			}
		})
	}
}

func TestCompileRefuses(t *testing.T) {
	for rules, want := range map[string]string{
		`[{"allow":true,"access":"rwm"},{"allow":true,"type":"x","access":"r"}]`: `linux.resources.devices[1].type: "x"`,
		`[{"allow":true,"type":"p","access":"r"}]`:                               `linux.resources.devices[0].type: "p"`,
		`[{"allow":true,"major":-2,"access":"r"}]`:                               `linux.resources.devices[0].major: -2`,
		`[{"allow":true,"major":4096,"access":"r"}]`:                             `linux.resources.devices[0].major: 4096`,
		`[{"allow":true,"minor":1048576,"access":"r"}]`:                          `linux.resources.devices[0].minor: 1048576`,
		`[{"allow":true,"minor":4294967299,"access":"r"}]`:                       `linux.resources.devices[0].minor: 4294967299`,
		`[{"allow":true}]`:               `linux.resources.devices[0].access: ""`,
		`[{"allow":true,"access":"rx"}]`: `linux.resources.devices[0].access: "rx"`,
		`[{"allow":true,"access":"rr"}]`: `linux.resources.devices[0].access: "rr"`,
		`[` + strings.Repeat(`{"access":"r"},`, MaxRules) + `{"access":"r"}]`: `linux.resources.devices: 1025 rules`,
	} {
		_, err := Compile(parseRules(t, rules))
		var refused *RuleError
		if !errors.As(err, &refused) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.80s: got %v, want %s …", rules, err, want)
		}
	}
}

// TestCompileGolden pins the instructions. Each file in testdata contains the rules, a line
// of dashes, and the program.
func TestCompileGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	const separator = "\n---\n"
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			rules, want, _ := strings.Cut(string(content), separator)
			got := fmt.Sprintf("%v", compile(t, parseRules(t, rules)))
			if *update {
				if err := os.WriteFile(file, []byte(rules+separator+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("program (-want +got):\n%s", diff)
			}
		})
	}
}

// rulesFrom makes rules from bytes. It uses only a few device numbers, so that rules
// overlap.
func rulesFrom(data []byte) (rules []specs.LinuxDeviceCgroup) {
	numbers := [...]int64{-1, 0, 1, 2}
	for ; len(data) >= 3 && len(rules) < MaxRules; data = data[3:] {
		rule := specs.LinuxDeviceCgroup{
			Allow: data[0]&1 != 0,
			Type:  [...]string{"", "a", "b", "c"}[data[0]>>1&3],
		}
		if n := data[1] & 7; n < 4 {
			rule.Major = &numbers[n]
		}
		if n := data[1] >> 3 & 7; n < 4 {
			rule.Minor = &numbers[n]
		}
		for i, letter := range "rwm" {
			if (data[2]%7+1)>>i&1 != 0 {
				rule.Access += string(letter)
			}
		}
		rules = append(rules, rule)
	}
	return rules
}

// agree compares the program with the reference for every request that the rules can
// distinguish.
func agree(t *testing.T, rules []specs.LinuxDeviceCgroup) {
	t.Helper()
	program := compile(t, rules)
	for kind := uint32(1); kind <= 2; kind++ {
		for major := uint32(0); major <= 3; major++ {
			for minor := uint32(0); minor <= 3; minor++ {
				for access := uint32(0); access <= 7; access++ {
					q := request{kind: kind, access: access, major: major, minor: minor}
					verdict, err := interpret(program, q)
					if err != nil {
						t.Fatal(err)
					}
					if want := allowed(rules, q); (verdict == 1) != want || verdict > 1 {
						text, _ := json.Marshal(rules)
						t.Fatalf("%+v: the program says %d, the reference %v\n%s\n%v", q, verdict, want, text, program)
					}
				}
			}
		}
	}
}

func FuzzCompile(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 7 | 7<<3, 6})                               // deny everything
	f.Add([]byte{1, 7 | 7<<3, 6, 6, 1 | 2<<3, 1, 7, 1 << 3, 3}) // allow, then deny a part
	f.Add([]byte{0, 63, 6, 7, 2 | 3<<3, 2, 5, 2 | 63, 0, 6, 2 | 3<<3, 4})
	f.Fuzz(func(t *testing.T, data []byte) {
		agree(t, rulesFrom(data))
	})
}

// TestCompileAgreesWithReference checks the fuzz target's property for random rules, for
// runs without fuzzing.
func TestCompileAgreesWithReference(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		data := make([]byte, 3*random.IntN(12))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		agree(t, rulesFrom(data))
	}
}

func BenchmarkCompile(b *testing.B) {
	rules := WithDefaults(parseRules(b, `[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":10,"minor":229,"access":"rw"}]`))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(rules); err != nil {
			b.Fatal(err)
		}
	}
}
