package devfilter

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// struct bpf_cgroup_dev_ctx, the program's argument. The first field holds the type in its
// lower 16 bits and the access in its upper 16; the device numbers follow.
const (
	offsetAccessType = 0
	offsetMajor      = 4
	offsetMinor      = 8

	accessShift = 16
	typeMask    = 1<<accessShift - 1
)

// What the registers hold throughout the program.
const (
	verdict  register = iota // 0 denies, 1 allows
	argument                 // the context
	kind
	remaining // requested access that no rule has allowed yet
	major
	minor
	numbers // major and minor in the layout of a dev_t, to compare both at once
	scratch
)

// minorBits is how many bits of a dev_t hold the minor number; the 12 above hold the major
// number.
const minorBits = 20

// Compile turns device rules into a program that decides as the package comment says. It
// does not add the default devices: see [WithDefaults]. Every error is a [*RuleError].
//
// The program tries the rules from the last to the first, up to one that decides every
// request: the rules before that have no effect. Neighbouring rules for the same type of
// device share one comparison of the type. Comparisons are most of what the verifier's time
// depends on, at every start of a container.
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

// prologue decodes the request. A request for no access is allowed: the kernel makes one
// when a program only checks for execute permission.
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

// compile returns the rule's instructions, except for the type of device: the conditions
// that skip the rule, if it names device numbers, then its action.
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

// unless skips the next n instructions unless the register holds the value.
//
// It compares the difference, in a scratch register, rather than the value. The verifier
// learns from comparisons: it would follow each rule's "equal" separately through all the
// rules below, and for a thousand rules that exceeds its limit. By the next rule it has
// forgotten what it knew about the scratch register.
func unless(r register, value int32, n int) Instructions {
	return Instructions{
		move(scratch, r),
		narrow(unix.BPF_XOR, scratch, value),
		skip(unix.BPF_JNE, scratch, n),
	}
}

// action decides a request for a matching device, and continues with the next rule if any
// access is still undecided.
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

// decide ends the program with a verdict.
func decide(allow bool) Instructions {
	value := int32(0)
	if allow {
		value = 1
	}
	return Instructions{with(unix.BPF_MOV, verdict, value), exit()}
}
