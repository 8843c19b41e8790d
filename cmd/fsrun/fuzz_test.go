package main

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

var (
	someSignal = regexp.MustCompile(`^(?i:(SIG)?([A-Z]+[0-9]?|UNUSED|RTMIN(\+[0-9]+)?|RTMAX(-[0-9]+)?))$`)
	someUser   = regexp.MustCompile(`^[0-9]+(:[0-9]+)?$`)
	someNumber = regexp.MustCompile(`^[0-9]+$`)
)

// FuzzSignal: a number is accepted if it is that of a signal, a name only if it is spelled
// as in signal(7), and nothing else.
func FuzzSignal(f *testing.F) {
	for _, text := range []string{"TERM", "SIGTERM", "sigterm", "9", "64", "65", "0", "-9", "", "SIG", "SIGSIGTERM", "9 ", "010", "0x9", "256", "265", "RTMIN", "rtmin+3", "RTMAX-31", "RTMIN-0", "STKFLT", "IOT"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		signal, err := parseSignal(text)
		if err != nil && signal != 0 || signal < 0 || signal > maxRealtime {
			t.Fatalf("%q is %d, %v", text, signal, err)
		}
		switch {
		case someNumber.MatchString(text):
			number, _ := new(big.Int).SetString(text, 10)
			want := number.Cmp(big.NewInt(int64(maxRealtime))) <= 0
			if want != (err == nil) || err == nil && int64(signal) != number.Int64() {
				t.Errorf("%q is %d, %v", text, signal, err)
			}
		case err == nil:
			name := "SIG" + strings.TrimPrefix(strings.ToUpper(text), "SIG")
			known := unix.SignalNum(name)
			if !someSignal.MatchString(text) || signal == 0 || known != 0 && known != signal {
				t.Errorf("%q is %d", text, signal)
			}
		}
	})
}

// FuzzUser: one or two integers that are IDs are accepted, and nothing else.
func FuzzUser(f *testing.F) {
	for _, text := range []string{"1", "1:2", "-1", "+1", "4294967294", "4294967295", "4294967296", "1x", ":1", "1:", "", "1:2:3", " 1", "1_0", "0x1", "00", "18446744073709551617"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		const untouched = 77
		var ids userIDs
		err := ids.Set(text)
		user := specs.User{UID: untouched, GID: untouched}
		ids.apply(&user)
		want, well := specs.User{UID: untouched, GID: untouched}, someUser.MatchString(text)
		if well {
			for i, number := range strings.Split(text, ":") {
				id, err := strconv.ParseUint(number, 10, 64)
				well = well && err == nil && id < 1<<32-1
				*[]*uint32{&want.UID, &want.GID}[i] = uint32(id)
			}
		}
		if !well {
			want = specs.User{UID: untouched, GID: untouched}
		}
		if (err == nil) != well || user.UID != want.UID || user.GID != want.GID {
			t.Errorf("%q makes %+v, %v; want %+v", text, user, err, want)
		}
	})
}
