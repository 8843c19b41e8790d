package devfilter

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// struct bpf_cgroup_dev_ctx, the argument of the program: the type in the lower 16
// bits and the access in the upper 16 of the first field, then the numbers.
const (
	offsetAccessType = 0
	offsetMajor      = 4
	offsetMinor      = 8

	accessShift = 16
	typeMask    = 1<<accessShift - 1
)

// What the registers hold, from the first instruction to the last.
const (
	verdict  register = iota // 0 denies, 1 allows
	argument                 // the context
	kind
	remaining // access asked for that no rule has allowed yet
	major
	minor
	numbers // major and minor as a dev_t has them: one comparison for both
	scratch
)

// minorBits is how many bits of a dev_t the minor number takes, below the major's 12.
const minorBits = 20

// Compile turns device rules into the program that decides as the package comment
// says. The defaults are not added: see [WithDefaults]. Every error is a [*RuleError].
//
// The rules are tried from the last to the first, and end with the last that decides
// every request: those before it have no effect. Neighbours for the same type of device
// share one comparison of it: what the kernel takes to verify a program, at every start
// of a container, is mostly its comparisons.
func Compile(rules []specs.LinuxDeviceCgroup) (Instructions, error) {
	checked, err := check(rules)
	if err != nil {
		return nil, err
	}
	program := prologue()
	for len(checked) > 0 {
		last := checked[len(checked)-1]
		var body Instructions
		for len(checked) > 0 && checked[len(checked)-1].kind == last.kind {
			r := checked[len(checked)-1]
			body = append(body, r.compile()...)
			if r.catchAll() {
				return append(program, body...), nil
			}
			checked = checked[:len(checked)-1]
		}
		if last.kind != anyType {
			program = append(program, unless(kind, last.kind, len(body))...)
		}
		program = append(program, body...)
	}
	return append(program, decide(false)...), nil
}

// prologue takes the request apart. Nothing asked for is nothing to deny: the kernel
// asks so when a program only looks for permission to execute.
func prologue() Instructions {
	return Instructions{
		loadWord(kind, argument, offsetAccessType),
		loadWord(major, argument, offsetMajor),
		loadWord(minor, argument, offsetMinor),
		move(numbers, major),
		with(unix.BPF_LSH, numbers, minorBits),
		join(numbers, minor),
		move(remaining, kind),
		with(unix.BPF_RSH, remaining, accessShift),
		with(unix.BPF_AND, kind, typeMask),
		skip(unix.BPF_JNE, remaining, 2),
		with(unix.BPF_MOV, verdict, 1),
		exit(),
	}
}

// compile returns the rule's instructions, but for its type of device: a condition that
// skips the rule, if it names a number, then what it decides.
func (r rule) compile() Instructions {
	action := r.action()
	switch {
	case r.major != anyNumber && r.minor != anyNumber:
		return append(unless(numbers, r.major<<minorBits|r.minor, len(action)), action...)
	case r.major != anyNumber:
		return append(unless(major, r.major, len(action)), action...)
	case r.minor != anyNumber:
		return append(unless(minor, r.minor, len(action)), action...)
	}
	return action
}

// unless skips the next n instructions if the register holds anything but the value.
//
// It compares the difference, in a scratch register, and not the value. The verifier
// learns from a comparison: it would follow each rule's "equal" separately through all
// the rules below, which for a thousand rules is beyond its limit. Of the scratch
// register it has forgotten everything by the next rule.
func unless(r register, value int32, n int) Instructions {
	return Instructions{
		move(scratch, r),
		narrow(unix.BPF_XOR, scratch, value),
		skip(unix.BPF_JNE, scratch, n),
	}
}

// action decides for a request whose device matches, and goes on with the next rule
// when something is left undecided.
func (r rule) action() Instructions {
	end := decide(r.allow)
	switch {
	case r.access == allAccess:
		return end
	case r.allow:
		return append(Instructions{
			with(unix.BPF_AND, remaining, ^r.access),
			skip(unix.BPF_JNE, remaining, len(end)),
		}, end...)
	default:
		return append(Instructions{
			move(scratch, remaining),
			with(unix.BPF_AND, scratch, r.access),
			skip(unix.BPF_JEQ, scratch, len(end)),
		}, end...)
	}
}

// decide ends the program.
func decide(allow bool) Instructions {
	value := int32(0)
	if allow {
		value = 1
	}
	return Instructions{with(unix.BPF_MOV, verdict, value), exit()}
}
